import type { Hex } from '@cpds/messages';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where an attempt stands for this node. `refused`: it names this node but its operator did not configure it. */
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
   * Everything this node deals and every key it takes shares on follows from this seed, under the key-encryption key.
   * Stored before the first post, erased when the attempt is over.
   */
  @Column('bytea', { name: 'sealed_seed', nullable: true }) sealedSeed!: Buffer | null;
  /** why it was refused or failed, for an operator */
  @Column('text', { nullable: true }) reason!: string | null;
}

/** One final log of StoremanRegistry about an attempt. The ceremony is what these fold to, in order. */
@Entity({ name: 'ceremony_log' })
export class CeremonyLogRow {
  @PrimaryColumn('int', { name: 'block_number' }) blockNumber!: number;
  @PrimaryColumn('int', { name: 'log_index' }) logIndex!: number;
  @Column('text', { name: 'attempt_id' }) attemptId!: Hex;
  @Column('jsonb') topics!: Hex[];
  @Column('text') data!: Hex;
}
