import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A clinician, known by a keyed hash of the registration with the profession's body. */
@Entity('clinician')
export class ClinicianRow {
  @PrimaryColumn('uuid', { name: 'clinician_id' })
  clinicianId!: string;

  @Column('uuid', { name: 'department_id' })
  departmentId!: string;

  @Column('bytea', { name: 'registration_hash' })
  registrationHash!: Buffer;

  /** null for one on whose behalf calls are made */
  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;
}
