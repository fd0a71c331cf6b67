import {
  Hex,
  type CloseReason,
  type Grant,
  type SignedPartial,
  type Statement,
  type TransferState,
} from '@cpds/messages';
import { bug } from '@cpds/errors';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Role, TransferSnapshot } from './transfer.js';

/** A FROST signature as the contracts take it: R by coordinates, z; 0x hex words. */
export interface GroupSignature {
  rx: string;
  ry: string;
  z: string;
}

/** Partials that B combined, with W sealed under the node's key-encryption key. */
export interface ReleasedKey {
  keyId: string;
  ySeal: string;
  sealedW: string;
  partials: SignedPartial[];
}

/** One step a row took: for `transfer show` and for the table at the end of a run. */
export interface TransferStep {
  state: TransferState;
  at: string;
  because: string;
}

/** A transaction this row led to, as the chain reported it. */
export interface TransferReceipt {
  tx: string;
  gas: number;
}

/**
 * One role's row of one grant. `id` is the request's id at A and B and a random one at V and S. Everything a restarted
 * process needs is here; nothing in it names a person.
 */
@Entity({ name: 'transfer' })
export class TransferRow {
  @PrimaryColumn('uuid') id!: string;
  @Column('char', { length: 1 }) role!: Role;
  @Index() @Column('text', { name: 'grant_id', nullable: true }) grantId!: string | null;
  @Column('text') state!: TransferState;
  @Column('text', { name: 'close_reason', nullable: true }) closeReason!: CloseReason | null;
  @Column('text', { name: 'halted_from', nullable: true }) haltedFrom!: TransferState | null;
  @Column('bigint', { name: 'request_expires' }) requestExpires!: string;
  @Column('text') home!: string;
  @Column('text') destination!: string;
  @Column('text', { name: 'home_uid' }) homeUid!: string;
  @Column('text', { name: 'destination_uid' }) destinationUid!: string;
  @Column('jsonb', { nullable: true }) grant!: Grant | null;
  @Column('text', { nullable: true }) capsule!: string | null;
  /** A and B: all that the patient consented to, sealed under the key-encryption key: it ties person, deed and grant */
  @Column('text', { name: 'sealed_package', nullable: true }) sealedPackage!: string | null;
  /** A: the compact ring signature */
  @Column('text', { name: 'ring_signature', nullable: true }) ringSignature!: string | null;
  @Column('text', { nullable: true }) commitment!: string | null;
  @Column('jsonb', { name: 'mint_signature', nullable: true }) mintSignature!: GroupSignature | null;
  @Column('jsonb', { name: 'not_mapped_signature', nullable: true }) notMappedSignature!: GroupSignature | null;
  @Column('jsonb', { nullable: true }) statement!: Statement | null;
  /** passes the statement on until everybody answers: it came to this node's own door, or this is a hospital of the grant */
  @Column('boolean', { name: 'forwards', default: false }) forwards!: boolean;
  @Column('jsonb', { nullable: true }) released!: ReleasedKey | null;
  @Column('boolean', { name: 'was_mapped', default: false }) wasMapped!: boolean;
  @Column('int', { name: 'lock_resends', default: 0 }) lockResends!: number;
  @Column('jsonb', { default: [] }) steps!: TransferStep[];
  @Column('jsonb', { default: [] }) culprits!: string[];
  @Column('timestamptz', { name: 'entered_at' }) enteredAt!: Date;
  @Index() @Column('timestamptz', { name: 'check_at', nullable: true }) checkAt!: Date | null;
}

/**
 * A row that holds a grant, as all do once there was a consent, a grant, a lock or a revoke. The grantId and the grant
 * come together and stay.
 */
export type HeldRow = TransferRow & {
  grantId: Hex;
  grant: Grant;
  homeUid: Hex;
  capsule: Hex | null;
  commitment: Hex | null;
};

/** Whether the row holds a grant. */
export function holdsGrant(row: TransferRow): row is HeldRow {
  return row.grant !== null && row.grantId !== null;
}

/** A row of which the table says that it holds a grant. @throws AppError `no-grant`, a bug */
export function heldRow(row: TransferRow): HeldRow {
  if (!holdsGrant(row)) throw bug('no-grant', `a row that is ${row.state} holds no grant`);
  return row;
}

/**
 * Why this node releases, serves and signs nothing for the row's grant, whatever the chains show (invariant I7): a
 * statement is held or was seen, or the row is halted. Null if the row forbids nothing.
 */
export function stopOf(row: TransferRow): 'revoked' | 'halted' | null {
  if (row.statement || row.closeReason === 'revoked' || row.closeReason === 'given-back') return 'revoked';
  return row.state === 'halted' ? 'halted' : null;
}

/** The part of a row that the table decides on. */
export function snapshotOf(row: TransferRow): TransferSnapshot {
  return {
    role: row.role,
    state: row.state,
    closeReason: row.closeReason,
    haltedFrom: row.haltedFrom,
    grant: row.grant,
    requestExpires: Number(row.requestExpires),
    lockResends: row.lockResends,
    holdsStatement: row.statement !== null,
  };
}
