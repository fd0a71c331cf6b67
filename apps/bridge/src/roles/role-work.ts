import type { DatagramKind } from '@cpds/messages';
import type { DatagramDoors } from '../datagrams/datagrams.js';
import type { Duty, DutyExecutor, DutyOf, EveryonesDuty } from '../transfers/duties.js';
import type { Role } from '../transfers/transfer.js';

/** Which roles take datagrams of each kind (wire.md "Between hospitals"). */
type RoleTaking = {
  request: 'A' | 'B';
  grant: 'A' | 'B';
  sign: 'S';
  release: 'S';
  revoke: Role;
};

/** The kinds that at least one of these roles takes. */
type KindOf<R extends Role> = { [K in DatagramKind]: [R & RoleTaking[K]] extends [never] ? never : K }[DatagramKind];

/** The kinds that every role takes. */
type EveryonesKind = { [K in DatagramKind]: [Role] extends [RoleTaking[K]] ? K : never }[DatagramKind];

/** What a process does: for its rows, and with datagrams. Each role's module says it in one table; `node.module.ts` adds what all do. */
export interface RoleWork {
  readonly duties: Partial<Record<Duty, DutyExecutor>>;
  readonly datagrams: Partial<DatagramDoors>;
}

/** What these roles do beside what all do: a duty without an executor, or a kind without a door, does not compile. */
export interface WorkOf<R extends Role> extends RoleWork {
  readonly duties: Record<Exclude<DutyOf<R>, EveryonesDuty>, DutyExecutor>;
  readonly datagrams: Pick<DatagramDoors, Exclude<KindOf<R>, EveryonesKind>>;
}

/** What all roles do. */
export interface EveryonesWork extends RoleWork {
  readonly duties: Record<EveryonesDuty, DutyExecutor>;
  readonly datagrams: Pick<DatagramDoors, EveryonesKind>;
}

/** Names the `RoleWork` that the role's module provides. */
export const roleWork = Symbol('role work');
