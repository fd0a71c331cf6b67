import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** One comparison of every object with its row, and how far it is. */
@Entity('scrub')
export class ScrubRow {
  @PrimaryColumn('uuid')
  id!: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'begun_at' })
  begunAt!: Date;

  /** null: under way */
  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;

  /** how many there were when it began */
  @Column('bigint')
  objects!: string;

  /** name of the last object that was looked at: it goes on behind it, also after a restart */
  @Column('text', { name: 'looked_through' })
  lookedThrough!: string;

  @Column('bigint')
  checked!: string;

  /** of all that were checked, as sealed */
  @Column('bigint')
  bytes!: string;

  @Column('bigint')
  damaged!: string;

  /** objects that the store would not give although it is up */
  @Column('bigint')
  unread!: string;
}
