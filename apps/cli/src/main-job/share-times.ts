import type { TransferState, TransferView } from '@cpds/messages';

/** Times of one share, in milliseconds. */
export interface ShareTimes {
  /** Everything but waiting for finality. */
  readonly workMs: number;
  /** From sending a transaction until the block that holds it was final: lock, vouch, mint. */
  readonly finalityMs: number;
  readonly stepsMs: Readonly<Record<ShareStep, number>>;
}

/** `lock`, `vouch` and `mint` wait for finality; the others are work. */
export type ShareStep = 'consent' | 'lock' | 'vouch' | 'sign' | 'mint' | 'release' | 'open';

/**
 * The time of each step, from both hospitals' rows. Pure. All processes of a local consortium share one clock.
 *
 * @param startedAt, endedAt milliseconds since 1970: the wallet begins to check the request; the last byte is compared
 */
export function timesOf(startedAt: number, endedAt: number, home: TransferView, destination: TransferView): ShareTimes {
  const lockSent = timeOf(home, 'lock-sent') ?? startedAt;
  const locked = timeOf(home, 'locked') ?? lockSent;
  const vouched = timeOf(destination, 'vouched') ?? locked;
  const mintSent = timeOf(destination, 'mint-sent') ?? vouched;
  const mapped = timeOf(destination, 'mapped') ?? mintSent;
  const released = timeOf(destination, 'released') ?? mapped;
  const from = (start: number, end: number) => Math.max(0, end - start);
  const stepsMs = {
    consent: from(startedAt, lockSent),
    lock: from(lockSent, locked),
    vouch: from(locked, vouched),
    sign: from(vouched, mintSent),
    mint: from(mintSent, mapped),
    release: from(mapped, released),
    open: from(released, endedAt),
  };
  const finalityMs = stepsMs.lock + stepsMs.vouch + stepsMs.mint;
  return { workMs: endedAt - startedAt - finalityMs, finalityMs, stepsMs };
}

function timeOf(view: TransferView, state: TransferState): number | null {
  const step = view.steps.find((one) => one.state === state);
  return step === undefined ? null : Date.parse(step.at);
}
