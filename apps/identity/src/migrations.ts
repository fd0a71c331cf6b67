import { chainEntities, chainMigrations } from '@cpds/chain';
import { outboxMigrations } from '@cpds/outbox';
import { derivationRootMigrations, type Tables } from '@cpds/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ClientRow } from './clients/client.row.js';
import { ClinicianRow } from './clinicians/clinician.row.js';
import { DepartmentRow } from './departments/department.row.js';
import { PatientRow } from './patients/patient.row.js';
import { identityRetention } from './retention.js';

class IdentityTables1763820000000 implements MigrationInterface {
  name = 'IdentityTables1763820000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE client (
        client_id text PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('backend', 'wallet')),
        jwk jsonb NOT NULL,
        scopes text[] NOT NULL,
        patient_id uuid UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        CHECK ((kind = 'wallet') = (patient_id IS NOT NULL))
      )`);
    await runner.query(`
      CREATE TABLE used_assertion (
        client_id text NOT NULL,
        jti text NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (client_id, jti)
      )`);
    await runner.query(`CREATE INDEX used_assertion_expiry ON used_assertion (expires_at)`);
    await runner.query(`
      CREATE TABLE patient (
        patient_id uuid PRIMARY KEY,
        identifier_hash bytea NOT NULL UNIQUE,
        code_hash bytea UNIQUE,
        code_expires_at timestamptz,
        enrolment jsonb,
        signature text,
        event_seq bigint,
        event_salt text,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE department (
        department_id uuid PRIMARY KEY,
        name text NOT NULL UNIQUE,
        meta_address text NOT NULL UNIQUE,
        sealed_keys bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE clinician (
        clinician_id uuid PRIMARY KEY,
        department_id uuid NOT NULL REFERENCES department,
        registration_hash bytea NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE clinician, department, patient, used_assertion, client');
  }
}

/** Clients that were registered before act for no department until they are registered again. */
class ClientDepartments1764500000000 implements MigrationInterface {
  name = 'ClientDepartments1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE client ADD departments jsonb NOT NULL DEFAULT '[]'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE client DROP departments');
  }
}

/**
 * When a client or a department was disabled, and which keys a client had before. Former keys are kept as long as the
 * client: a start must not bring one back.
 */
class Disabling1764600000000 implements MigrationInterface {
  name = 'Disabling1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE client ADD disabled_at timestamptz, ADD bootstrap_hash text');
    await runner.query('ALTER TABLE department ADD disabled_at timestamptz');
    await runner.query(`
      CREATE TABLE former_client_key (
        client_id text NOT NULL REFERENCES client ON DELETE CASCADE,
        thumbprint text NOT NULL,
        PRIMARY KEY (client_id, thumbprint)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE former_client_key');
    await runner.query('ALTER TABLE department DROP disabled_at');
    await runner.query('ALTER TABLE client DROP disabled_at, DROP bootstrap_hash');
  }
}

/** A patient is found by the value of an identifier too: images bear no system. */
class IdentifierValues1764700000000 implements MigrationInterface {
  name = 'IdentifierValues1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE patient ADD COLUMN value_hash bytea');
    await runner.query('CREATE INDEX patient_value ON patient (value_hash)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE patient DROP COLUMN value_hash');
  }
}

/** When a clinician was disabled, and the orders in which clients and clinicians are listed. */
class ClinicianDisabling1764900000000 implements MigrationInterface {
  name = 'ClinicianDisabling1764900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE clinician ADD disabled_at timestamptz');
    await runner.query('CREATE INDEX clinician_list ON clinician (department_id, clinician_id)');
    await runner.query('CREATE INDEX client_list ON client (kind, client_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX client_list, clinician_list');
    await runner.query('ALTER TABLE clinician DROP disabled_at');
  }
}

/** Tables of identity. */
export const identityTables: Tables = {
  retention: identityRetention,
  entities: [...chainEntities, ClientRow, PatientRow, DepartmentRow, ClinicianRow],
  migrations: [
    ...outboxMigrations,
    ...chainMigrations,
    ...derivationRootMigrations,
    IdentityTables1763820000000,
    ClientDepartments1764500000000,
    Disabling1764600000000,
    IdentifierValues1764700000000,
    ClinicianDisabling1764900000000,
  ],
};
