import type { DutyExecutor } from '../transfers/duty-executors.js';
import type { Duty, DutyOf, EveryonesDuty } from '../transfers/duties.js';
import type { Role } from '../transfers/transfer.js';

/** What a process does: for its rows. Each role's module says it in one table; `node.module.ts` adds what all do. */
export interface RoleWork {
  readonly duties: Partial<Record<Duty, DutyExecutor>>;
}

/** What these roles do beside what all do: a duty of theirs that nobody carries out does not compile. */
export interface WorkOf<R extends Role> extends RoleWork {
  readonly duties: Record<Exclude<DutyOf<R>, EveryonesDuty>, DutyExecutor>;
}

/** What all roles do. */
export interface EveryonesWork extends RoleWork {
  readonly duties: Record<EveryonesDuty, DutyExecutor>;
}

/** Names the `RoleWork` that the role's module provides. */
export const roleWork = Symbol('role work');
