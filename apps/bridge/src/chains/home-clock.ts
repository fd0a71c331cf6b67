/** The own chain's time and LockedAccount's least window, for who builds a grant. */
export abstract class HomeClock {
  /** Head timestamp, seconds. @throws AppError `unavailable` on a stale head */
  abstract headTime(): Promise<number>;
  /** Constant of the contract, seconds. */
  abstract minWindowSeconds(lockedAccount: string): Promise<number>;
}
