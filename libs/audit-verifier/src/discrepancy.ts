/** One thing that does not hold, with what an operator needs to find it. */
export interface Discrepancy {
  /** Stable name, e.g. `entry-altered`. */
  readonly code: string;
  /** Party whose log or chain it is about. */
  readonly party: string;
  /** First leaf it concerns, if it concerns one. */
  readonly leafIndex?: number;
  readonly grantId?: string;
  readonly message: string;
}

/** Stops the verification of one log: what follows cannot be judged. */
export class LogRefused extends Error {
  constructor(readonly discrepancy: Discrepancy) {
    super(discrepancy.message);
    this.name = 'LogRefused';
  }
}
