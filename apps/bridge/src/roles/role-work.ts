import type { DatagramKind } from '@cpds/messages';
import type { DatagramDoors } from '../datagrams/datagrams.js';
import type { Duty, DutyExecutor, DutyOf, EveryonesDuty } from '../transfers/duties.js';
import type { Role } from '../transfers/transfer.js';

/** The roles that take datagrams of each kind (wire.md "Between hospitals"). */
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

/**
 * The work of a process: duties for its rows, doors for datagrams. Each role's module gives its own in one table; `node.module.ts` adds the work of
 * every role.
 */
export abstract class RoleWork {
  abstract readonly duties: Partial<Record<Duty, DutyExecutor>>;
  abstract readonly datagrams: Partial<DatagramDoors>;
}

/** The work of these roles beside that of every role: a duty without an executor, or a kind without a door, does not compile. */
export interface WorkOf<R extends Role> extends RoleWork {
  readonly duties: Record<Exclude<DutyOf<R>, EveryonesDuty>, DutyExecutor>;
  readonly datagrams: Pick<DatagramDoors, Exclude<KindOf<R>, EveryonesKind>>;
}

/** The work of every role. */
export interface EveryonesWork extends RoleWork {
  readonly duties: Record<EveryonesDuty, DutyExecutor>;
  readonly datagrams: Pick<DatagramDoors, EveryonesKind>;
}
