import { type AppError, bug, unavailable } from '@cpds/errors';
import { toHex } from '@cpds/crypto/bytes';

/** What another place holds of the log: size and root that were signed once. */
export interface Witness {
  /** nickname of a chain, or `journal` */
  readonly where: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * The reason why a log must not go on that was shown `witness`, or null where they agree.
 *
 * @param root the log's own root of the witness's size; null where it neither has so many leaves nor knows which come next
 */
export function faultOf(witness: Witness, root: Uint8Array | null): AppError | null {
  const { where, size } = witness;
  if (root === null)
    return bug(
      'log-behind',
      `${where} holds ${size} leaves of this log, and neither the database nor the journal has so many: ` +
        'restore a later database or the journal; nothing is signed until then',
    );
  if (toHex(root) === toHex(witness.root)) return null;
  return bug(
    'log-forked',
    `${where} holds another root for ${size} leaves than this database: ` +
      'restore the database that was signed; nothing is signed until then',
  );
}

/**
 * Whether the log may sign. It may not before all whom it must hear were heard, and never again in this process after it
 * was found behind or forked: a second root for a size can never be taken back.
 */
export class Standing {
  private readonly awaited = new Set<string>();
  private readonly listeners: ((fault: AppError) => void)[] = [];
  private fault: AppError | null = null;

  /** Lets nothing be signed before `heard` was called with each of `names`. */
  await(names: readonly string[]): void {
    for (const name of names) this.awaited.add(name);
  }

  heard(name: string): void {
    this.awaited.delete(name);
  }

  /** Stands still for good. The first fault stays. */
  stop(fault: AppError): void {
    if (this.fault !== null) return;
    this.fault = fault;
    for (const listener of this.listeners) listener(fault);
  }

  /** Called once, when it stops. */
  onStopped(listener: (fault: AppError) => void): void {
    this.listeners.push(listener);
  }

  /** Why it stands still for good, or null. */
  get stopped(): AppError | null {
    return this.fault;
  }

  get maySign(): boolean {
    return this.fault === null && this.awaited.size === 0;
  }

  /** @throws AppError the fault, or `log-unproven` (unavailable) while somebody must still be heard */
  assertMaySign(): void {
    this.assertNotStopped();
    if (this.awaited.size > 0)
      throw unavailable('log-unproven', `not yet compared with the anchors on ${[...this.awaited].join(' and ')}`);
  }

  /** @throws AppError the fault */
  assertNotStopped(): void {
    if (this.fault !== null) throw this.fault;
  }
}
