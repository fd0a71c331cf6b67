import type { ClientDepartments } from '@cpds/messages';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A client that may ask for tokens: a backend by its name, a wallet by its patient's pseudonym. */
@Entity('client')
export class ClientRow {
  @PrimaryColumn('text', { name: 'client_id' })
  clientId!: string;

  @Column('text')
  kind!: 'backend' | 'wallet';

  /** public JWK: EC P-384 of a backend, OKP Ed25519 of a wallet */
  @Column('jsonb')
  jwk!: Record<string, string>;

  @Column('text', { array: true })
  scopes!: string[];

  /** for which departments it may act; none for a wallet */
  @Column('jsonb')
  departments!: ClientDepartments;

  @Column('uuid', { name: 'patient_id', nullable: true })
  patientId!: string | null;

  /** null for one that gets tokens */
  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;

  /** of the entry of BOOTSTRAP_CLIENTS that was applied last */
  @Column('text', { name: 'bootstrap_hash', nullable: true })
  bootstrapHash!: string | null;
}
