import type { Hex } from '@cpds/messages';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A revoke, checked against the grant it came with, of a grant that this node does not know. Kept until the grant ends. */
@Entity({ name: 'resting_statement' })
export class RestingStatementRow {
  @PrimaryColumn('text', { name: 'grant_id' }) grantId!: string;
  @Column('text', { name: 'home_uid' }) homeUid!: Hex;
  @Column('text') signature!: Hex;
  /** whose room it takes: a party, or a place for an address that says nothing of it */
  @Index() @Column('text') sender!: string;
  /** it came to this node's own door */
  @Column('boolean') forwards!: boolean;
  /** notAfter of the grant */
  @Index() @Column('timestamptz') until!: Date;
}
