import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * This storeman's share of a key in one epoch. Written in the transaction that queues `finish`, so no key is ever
 * recorded on the hub whose share this node has lost. Nobody uses it before the hub lists the group.
 */
@Entity({ name: 'key_share' })
export class KeyShareRow {
  @PrimaryColumn('text', { name: 'key_id' }) keyId!: string;
  @PrimaryColumn('int') epoch!: number;
  @Column('text') purpose!: 'sign' | 'seal';
  @Column('int', { name: 'member_index' }) memberIndex!: number;
  /** y_i under the key-encryption key */
  @Column('bytea') sealed!: Buffer;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
}
