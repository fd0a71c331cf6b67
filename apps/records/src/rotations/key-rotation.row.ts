import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** One rotation of the age identity: every row that is kept is wrapped for `recipient`. */
@Entity('key_rotation')
export class KeyRotationRow {
  @PrimaryColumn('uuid')
  id!: string;

  /** `age1…` of the new identity */
  @Column('text')
  recipient!: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'begun_at' })
  begunAt!: Date;

  /** null: under way */
  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;

  /** `superseded`: another identity became the current one before all was done */
  @Column('text', { nullable: true })
  outcome!: 'finished' | 'superseded' | null;

  /** to do when it began */
  @Column('bigint')
  rows!: string;

  @Column('bigint')
  done!: string;
}
