import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import type { Revert } from './revert.js';

export type SendState = 'queued' | 'sent' | 'mined' | 'final' | 'reverted' | 'refused' | 'cancelled';

/** One transaction of one account, from the stored call to its end. */
@Entity('chain_transaction')
export class ChainTransactionRow {
  @PrimaryColumn('text', { name: 'chain_uid' })
  chainUid!: string;

  /** Lower-case address. */
  @PrimaryColumn('text')
  account!: string;

  /** The caller's name for this call, which must happen once. */
  @PrimaryColumn('text')
  key!: string;

  /** Order of submission. */
  @Column({ type: 'bigint', insert: false, update: false })
  position!: string;

  @Column('text', { name: 'to_address' })
  to!: string;

  @Column('text')
  data!: string;

  /** Wei, decimal. */
  @Column('numeric', { precision: 78, scale: 0 })
  value!: string;

  @Column('text')
  state!: SendState;

  @Column('integer', { nullable: true })
  nonce!: number | null;

  /** Signed bytes: only these are ever sent again under this nonce, except by a cancellation. */
  @Column('text', { nullable: true })
  raw!: string | null;

  @Column('text', { nullable: true })
  hash!: string | null;

  @Column('text', { name: 'cancel_raw', nullable: true })
  cancelRaw!: string | null;

  @Column('text', { name: 'cancel_hash', nullable: true })
  cancelHash!: string | null;

  @Column('integer', { name: 'block_number', nullable: true })
  blockNumber!: number | null;

  @Column('text', { name: 'block_hash', nullable: true })
  blockHash!: string | null;

  /** Whether the receipt says success; null while the transaction is in no block. */
  @Column('boolean', { nullable: true })
  succeeded!: boolean | null;

  @Column('integer', { name: 'gas_used', nullable: true })
  gasUsed!: number | null;

  @Column('jsonb', { nullable: true })
  revert!: Revert | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' })
  updatedAt!: Date;
}
