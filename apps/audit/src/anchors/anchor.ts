/** When a checkpoint is put on a chain: pure. */

/** The newest anchor row of one chain. */
export interface LastAnchor {
  readonly size: number;
  readonly state: 'wanted' | 'final' | 'failed';
  readonly wantedAtMs: number;
  readonly attempt: number;
}

export type AnchorDecision =
  /** The chain holds all there is. */
  | { readonly kind: 'current' }
  /** One is under way, or the last is too young. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'anchor'; readonly attempt: number };

/**
 * What to do for a log of `size` leaves. Nothing without a new leaf, or anchors would feed themselves (protocol I9); at
 * most every `everyMs`, so that a busy log does not pay per batch. `isForced` lifts only the interval.
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

/** The sender's name for an anchor: the same wish is never sent twice. */
export function anchorKey(size: number, attempt: number): string {
  return `anchor/${size}/${attempt}`;
}

/** The size that `key` anchors. */
export function sizeOfKey(key: string): number {
  return Number(key.split('/')[1]);
}
