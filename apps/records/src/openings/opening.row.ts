import type { RecordMetadata } from '@cpds/messages';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A record of another hospital, fetched under a grant: ciphertext in the object store, its key as a stanza to our age identity. */
@Entity('opening')
export class OpeningRow {
  @PrimaryColumn('bytea', { name: 'grant_id' })
  grantId!: Buffer;

  /** the payload, without header */
  @Column('text', { name: 'object_key' })
  objectKey!: string;

  @Column('bytea')
  header!: Buffer;

  @Column('text')
  stanza!: string;

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
