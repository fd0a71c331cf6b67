import type { Hex } from '@cpds/messages';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** State of an attempt for this node. `refused`: it names this node, but its operator did not configure it. */
export type CeremonyState = 'refused' | 'open' | 'done' | 'failed';

/** An attempt on the hub in which this node is a member. */
@Entity({ name: 'ceremony' })
export class CeremonyRow {
  @PrimaryColumn('text', { name: 'attempt_id' }) attemptId!: Hex;
  @Column('text', { name: 'key_id' }) keyId!: Hex;
  @Column('text') purpose!: 'sign' | 'seal';
  @Column('text') state!: CeremonyState;
  /** own identifier, from 1 */
  @Column('int', { name: 'member_index' }) memberIndex!: number;
  @Column('int') n!: number;
  @Column('int') threshold!: number;
  /**
   * The seed, under the key-encryption key, from which everything follows that this node deals, and every key to which
   * shares are sealed for it. Stored before the first post, erased when the attempt is over.
   */
  @Column('bytea', { name: 'sealed_seed', nullable: true }) sealedSeed!: Buffer | null;
  /** why it was refused or failed, for an operator */
  @Column('text', { nullable: true }) reason!: string | null;
}

/** One final log of StoremanRegistry about an attempt. Folding all of them in order gives the ceremony's state. */
@Entity({ name: 'ceremony_log' })
export class CeremonyLogRow {
  @PrimaryColumn('int', { name: 'block_number' }) blockNumber!: number;
  @PrimaryColumn('int', { name: 'log_index' }) logIndex!: number;
  @Column('text', { name: 'attempt_id' }) attemptId!: Hex;
  @Column('jsonb') topics!: Hex[];
  @Column('text') data!: Hex;
}
