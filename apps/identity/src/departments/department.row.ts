import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A department; its keys lie sealed under the key-encryption key, bound to its id. */
@Entity('department')
export class DepartmentRow {
  @PrimaryColumn('uuid', { name: 'department_id' })
  departmentId!: string;

  @Column('text')
  name!: string;

  @Column('text', { name: 'meta_address' })
  metaAddress!: string;

  @Column('bytea', { name: 'sealed_keys' })
  sealedKeys!: Buffer;

  /** null for one that receives records */
  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;
}
