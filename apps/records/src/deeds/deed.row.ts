import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A deed of this hospital, a patient's or padding. Only this service reads the table, and only the table tells patients' deeds from padding. */
@Entity('deed')
export class DeedRow {
  @PrimaryColumn('bytea')
  x!: Buffer;

  @Column('bytea')
  y!: Buffer;

  @Column('bytea')
  commitment!: Buffer;

  /** null: padding */
  @Column('uuid', { name: 'object_id', nullable: true })
  objectId!: string | null;

  /** R of ERC-5564 */
  @Column('bytea', { name: 'ephemeral_key', nullable: true })
  ephemeralKey!: Buffer | null;

  @Column('smallint', { name: 'view_tag', nullable: true })
  viewTag!: number | null;

  /** null: pending */
  @Column('uuid', { name: 'cohort_id', nullable: true })
  cohortId!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'pending_since' })
  pendingSince!: Date;
}

/** Sixteen deeds that are minted in one transaction. */
@Entity('cohort')
export class CohortRow {
  @PrimaryColumn('uuid')
  id!: string;

  /** `assembled` until its mint is final */
  @Column('text')
  state!: 'assembled' | 'final';

  /** index in DeedRegistry, known at finality */
  @Column('integer', { nullable: true })
  number!: number | null;

  /** A mint that reverted is sent again under the next attempt's key. */
  @Column('integer')
  attempt!: number;

  @Column('bytea', { name: 'commitments_hash' })
  commitmentsHash!: Buffer;

  @CreateDateColumn({ type: 'timestamptz', name: 'assembled_at' })
  assembledAt!: Date;

  @Column('timestamptz', { name: 'final_at', nullable: true })
  finalAt!: Date | null;
}
