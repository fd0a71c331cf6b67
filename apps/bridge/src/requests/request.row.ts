import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An opened request: the request itself, and at A the datagram that B signed. */
export const requestPlace = (id: string): string => `request/${id}`;

/**
 * A request for a record, at the hospital that sent it (`sent`, B) or received it (`received`, A). It names a person,
 * so it lies sealed under the key-encryption key; the transfer row with the same id holds its state.
 */
@Entity({ name: 'request' })
export class RequestRow {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') side!: 'sent' | 'received';
  @Column('text') counterparty!: string;
  /** `KeyRing.sealJson` of { request, datagram? } at `requestPlace(id)` */
  @Column('text') sealed!: string;
  /** A: the patient whom the identifier matched; null for an unknown one, whose request expires like a denied one */
  @Index() @Column('uuid', { name: 'patient_id', nullable: true }) patientId!: string | null;
  /** B: the department that asks */
  @Column('uuid', { name: 'department_id', nullable: true }) departmentId!: string | null;
  @Column('boolean', { default: false }) denied!: boolean;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
}
