import type { Duty } from './duties.js';
import type { Facts } from './facts.js';
import type { TransferEvent } from './transfer.js';
import type { TransferRow } from './transfer.row.js';

/** What came of one try of a duty. Expected outcomes are values; what is thrown is retried and logged. */
export interface DutyResult {
  /** true: never to be tried again for this row's state */
  done: boolean;
  /** raised on the row with `patch`, when the duty brought something the table waits for */
  event?: TransferEvent;
  patch?: Partial<TransferRow>;
  /** members who answered wrongly or not at all */
  culprits?: string[];
  /** why it is not done yet, for `transfer show` */
  waitsFor?: string;
}

/** Carries out one duty. Idempotent: begins with "did it happen already?", survives being killed at any line. */
export type DutyExecutor = (row: TransferRow, facts: Facts) => Promise<DutyResult>;

/** Who carries out the duties of this process's rows: complete from the start, so that no row is looked at before. */
export class DutyExecutors {
  constructor(private readonly byDuty: Partial<Record<Duty, DutyExecutor>>) {}

  get(duty: Duty): DutyExecutor {
    const executor = this.byDuty[duty];
    if (!executor) throw new Error(`nobody carries out duty ${duty} in this role`);
    return executor;
  }
}
