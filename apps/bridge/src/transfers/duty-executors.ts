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

/** The duties of a role, by name. Each role's module registers those its rows can have; an unknown one is a bug. */
export class DutyExecutors {
  private readonly byDuty = new Map<Duty, DutyExecutor>();

  register(duty: Duty, executor: DutyExecutor): void {
    this.byDuty.set(duty, executor);
  }

  get(duty: Duty): DutyExecutor {
    const executor = this.byDuty.get(duty);
    if (!executor) throw new Error(`no executor is registered for duty ${duty}`);
    return executor;
  }
}
