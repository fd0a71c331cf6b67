import type { Hex } from '@cpds/contracts';
import type { Enrolment } from '@cpds/messages';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A patient; the columns after the code are set by enrolment, all at once. */
@Entity('patient')
export class PatientRow {
  @PrimaryColumn('uuid', { name: 'patient_id' })
  patientId!: string;

  /** keyed hash of the FHIR Identifier; the identifier itself is not stored */
  @Column('bytea', { name: 'identifier_hash' })
  identifierHash!: Buffer;

  /** keyed hash of the identifier's value alone, as an image bears it; null for a patient registered before it was kept */
  @Column('bytea', { name: 'value_hash', nullable: true })
  valueHash!: Buffer | null;

  @Column('bytea', { name: 'code_hash', nullable: true })
  codeHash!: Buffer | null;

  @Column('timestamptz', { name: 'code_expires_at', nullable: true })
  codeExpiresAt!: Date | null;

  @Column('jsonb', { nullable: true })
  enrolment!: Enrolment | null;

  @Column('text', { nullable: true })
  signature!: Hex | null;

  /** sequence number and salt of the event whose leaf commits the enrolment */
  @Column('bigint', { name: 'event_seq', nullable: true })
  eventSeq!: string | null;

  @Column('text', { name: 'event_salt', nullable: true })
  eventSalt!: Hex | null;
}
