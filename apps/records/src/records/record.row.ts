import type { RecordMetadata } from '@cpds/messages';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { NamedFile } from '../objects/named-files.js';
import { objectKey } from '../objects/vault.js';
import type { NewObject } from './record.js';

/** A patient's record, whatever it is sealed as. */
@Entity('record')
export class RecordRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'patient_id' })
  patientId!: string;

  @Column('text', { name: 'content_type' })
  contentType!: RecordMetadata['contentType'];

  @Column('text')
  category!: string;

  /** of the plaintext */
  @Column('bigint', { name: 'size_bytes' })
  sizeBytes!: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  /** When it was entered in error; then no sealing is current. */
  @Column('timestamptz', { name: 'withdrawn_at', nullable: true })
  withdrawnAt!: Date | null;
}

/** One sealing of a record: an age file in the object store. */
@Entity('object')
export class ObjectRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'record_id' })
  recordId!: string;

  /** name of its age file in the object store */
  @Column('text', { name: 'object_key' })
  objectKey!: string;

  @Column('bytea')
  header!: Buffer;

  /** `age1…` of the own identity that opens the header; empty: stored before it was kept */
  @Column('text')
  recipient!: string;

  @Column('bytea', { name: 'payload_sha256' })
  payloadSha256!: Buffer;

  @Column('bytea')
  salt!: Buffer;

  @Column('bytea')
  commitment!: Buffer;

  /** False once the record was sealed anew; the deed of an earlier sealing is not current. */
  @Column('boolean', { name: 'is_current' })
  isCurrent!: boolean;

  @CreateDateColumn({ type: 'timestamptz', name: 'stored_at' })
  storedAt!: Date;

  /** True for the last sealing of a withdrawn record whose ciphertext shall stay. */
  @Column('boolean', { name: 'is_kept', default: false })
  isKept!: boolean;

  /** When the ciphertext of an earlier sealing went; the row stays as the deed does. */
  @Column('timestamptz', { name: 'removed_at', nullable: true })
  removedAt!: Date | null;
}

/** The deed commits to this beside bytes and key. */
export function metadataOf(row: RecordRow): RecordMetadata {
  return { contentType: row.contentType, sizeBytes: Number(row.sizeBytes), category: row.category };
}

/** The age file of a sealing, for whoever reads it. */
export function fileOf(record: RecordRow, object: ObjectRow): NamedFile {
  return {
    key: object.objectKey,
    header: object.header,
    payloadSha256: object.payloadSha256,
    sizeBytes: Number(record.sizeBytes),
    told: {
      correlation: record.id,
      person: record.patientId,
      details: { recordId: record.id, patientId: record.patientId, objectId: object.id },
    },
  };
}

/** The row of a sealing that is current from its commit on. */
export function objectRow(
  recordId: string,
  { sealed, salt, commitment }: NewObject,
): Omit<ObjectRow, 'storedAt' | 'isKept' | 'removedAt'> {
  return {
    id: sealed.id,
    recordId,
    objectKey: objectKey(sealed.id),
    header: Buffer.from(sealed.header),
    recipient: sealed.recipient,
    payloadSha256: Buffer.from(sealed.payloadSha256),
    salt: Buffer.from(salt),
    commitment: Buffer.from(commitment),
    isCurrent: true,
  };
}
