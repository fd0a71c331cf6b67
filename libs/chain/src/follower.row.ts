import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How far one follower has delivered the final logs of one chain. */
@Entity('chain_cursor')
export class ChainCursorRow {
  @PrimaryColumn('text', { name: 'chain_uid' })
  chainUid!: string;

  @PrimaryColumn('text')
  name!: string;

  /** Last final block delivered; the block before the first one to deliver at the start. */
  @Column('integer', { name: 'block_number' })
  blockNumber!: number;

  /** Its hash, empty before the first delivery. */
  @Column('text', { name: 'block_hash' })
  blockHash!: string;

  /** Set when that block vanished: nothing is delivered until an operator accepts the new history. */
  @Column('boolean')
  halted!: boolean;
}
