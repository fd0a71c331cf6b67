import type { RecordMetadata } from '@cpds/messages';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A record of another hospital, fetched under a grant: ciphertext in the object store, its key as a stanza to our age identity. */
@Entity('opening')
export class OpeningRow {
  @PrimaryColumn('bytea', { name: 'grant_id' })
  grantId!: Buffer;

  /** name of the age file in the object store */
  @Column('text', { name: 'object_key' })
  objectKey!: string;

  @Column('bytea')
  header!: Buffer;

  /** null: fetched before it was kept */
  @Column('bytea', { name: 'payload_sha256', nullable: true })
  payloadSha256!: Buffer | null;

  @Column('text')
  stanza!: string;

  /** `age1…` of the own identity that opens the stanza; empty: stored before it was kept */
  @Column('text')
  recipient!: string;

  @Column('jsonb')
  metadata!: RecordMetadata;

  @Column('bytea')
  commitment!: Buffer;

  @Column('uuid', { name: 'department_id' })
  departmentId!: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'fetched_at' })
  fetchedAt!: Date;

  /** first time that plaintext was handed out */
  @Column('timestamptz', { name: 'opened_at', nullable: true })
  openedAt!: Date | null;
}
