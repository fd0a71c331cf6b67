import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rows of the transfer table and the requests they began with. */
export class Transfers1763900000000 implements MigrationInterface {
  name = 'Transfers1763900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE transfer (
        id uuid PRIMARY KEY,
        role char(1) NOT NULL CHECK (role IN ('A', 'B', 'V', 'S')),
        grant_id text,
        state text NOT NULL,
        close_reason text,
        halted_from text,
        request_expires bigint NOT NULL,
        home text NOT NULL,
        destination text NOT NULL,
        home_uid text NOT NULL,
        destination_uid text NOT NULL,
        "grant" jsonb,
        capsule text,
        sealed_package text,
        ring_signature text,
        commitment text,
        mint_signature jsonb,
        not_mapped_signature jsonb,
        statement jsonb,
        forwards boolean NOT NULL DEFAULT false,
        released jsonb,
        was_mapped boolean NOT NULL DEFAULT false,
        lock_resends int NOT NULL DEFAULT 0,
        steps jsonb NOT NULL DEFAULT '[]',
        culprits jsonb NOT NULL DEFAULT '[]',
        entered_at timestamptz NOT NULL,
        check_at timestamptz
      )`);
    // one row per grant and role, ever: the same grant cannot be consented to or accepted twice
    await runner.query('CREATE UNIQUE INDEX transfer_grant ON transfer (grant_id, role) WHERE grant_id IS NOT NULL');
    await runner.query('CREATE INDEX transfer_due ON transfer (check_at) WHERE check_at IS NOT NULL');
    await runner.query(`
      CREATE TABLE request (
        id uuid PRIMARY KEY,
        side text NOT NULL CHECK (side IN ('sent', 'received')),
        counterparty text NOT NULL,
        sealed text NOT NULL,
        patient_id uuid,
        department_id uuid,
        denied boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX request_patient ON request (patient_id, created_at) WHERE patient_id IS NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE request, transfer');
  }
}

/** Revokes of grants that are not known yet. */
export class RestingStatements1764500000000 implements MigrationInterface {
  name = 'RestingStatements1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE resting_statement (
        grant_id text PRIMARY KEY,
        home_uid text NOT NULL,
        signature text NOT NULL,
        sender text NOT NULL,
        forwards boolean NOT NULL,
        until timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX resting_statement_sender ON resting_statement (sender)');
    await runner.query('CREATE INDEX resting_statement_until ON resting_statement (until)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE resting_statement');
  }
}

/** Counts what is under way, whatever is closed beside it. */
export class OpenTransfers1765000000000 implements MigrationInterface {
  name = 'OpenTransfers1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX transfer_open ON transfer (state, entered_at) WHERE state <> 'closed'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX transfer_open');
  }
}

/** Finds the open grants of a deed, before its earlier object goes. */
export class TransferDeeds1763950000000 implements MigrationInterface {
  name = 'TransferDeeds1763950000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX transfer_deed ON transfer (commitment) WHERE commitment IS NOT NULL AND state <> 'closed'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX transfer_deed');
  }
}
