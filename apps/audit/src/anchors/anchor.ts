/** Decides when a checkpoint is put on a chain. Pure. */

/** The newest anchor row of one chain. */
export interface LastAnchor {
  readonly size: number;
  readonly state: 'wanted' | 'final' | 'failed';
  readonly wantedAtMs: number;
  readonly attempt: number;
}

export type AnchorDecision =
  /** The chain holds every leaf. */
  | { readonly kind: 'current' }
  /** An anchor is under way, or the last one is too young. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'anchor'; readonly attempt: number };

/**
 * What to do for a log of `size` leaves. Does nothing without a new leaf, or each anchor would cause the next (protocol
 * I9); at most every `everyMs`, so that a busy log does not pay per batch. `isForced` lifts only the interval.
 */
export function decideAnchor(
  size: number,
  last: LastAnchor | null,
  clock: { readonly nowMs: number; readonly everyMs: number; readonly isForced: boolean },
): AnchorDecision {
  if (size === 0) return { kind: 'current' };
  if (last === null) return { kind: 'anchor', attempt: 1 };
  if (last.state === 'wanted') return { kind: 'wait' };
  if (last.state === 'final' && last.size >= size) return { kind: 'current' };
  if (!clock.isForced && clock.nowMs - last.wantedAtMs < clock.everyMs) return { kind: 'wait' };
  return { kind: 'anchor', attempt: last.size === size ? last.attempt + 1 : 1 };
}

/** The sender's key for an anchor, under which it is sent once. */
export function anchorKey(size: number, attempt: number): string {
  return `anchor/${size}/${attempt}`;
}

/** The size that `key` anchors. */
export function sizeOfKey(key: string): number {
  return Number(key.split('/')[1]);
}
