import { chainEntities, chainMigrations } from '@cpds/chain';
import { outboxMigrations } from '@cpds/outbox';
import type { Tables } from '@cpds/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CohortRow, DeedRow } from './deeds/deed.row.js';
import { OpeningRow } from './openings/opening.row.js';
import { ObjectRow, RecordRow } from './records/record.row.js';
import { recordsRetention } from './retention.js';
import { KeyRotationRow } from './rotations/key-rotation.row.js';
import { ScrubRow } from './scrubs/scrub.row.js';

class RecordsTables1763820000000 implements MigrationInterface {
  name = 'RecordsTables1763820000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE record (
        id uuid PRIMARY KEY,
        patient_id uuid NOT NULL,
        content_type text NOT NULL,
        category text NOT NULL,
        size_bytes bigint NOT NULL CHECK (size_bytes > 0),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    // One row per sealing of a record: a re-encryption adds one and takes is_current from the others.
    await runner.query(`
      CREATE TABLE object (
        id uuid PRIMARY KEY,
        record_id uuid NOT NULL REFERENCES record (id),
        header bytea NOT NULL,
        payload_sha256 bytea NOT NULL,
        salt bytea NOT NULL,
        commitment bytea NOT NULL UNIQUE,
        is_current boolean NOT NULL,
        stored_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE UNIQUE INDEX object_current ON object (record_id) WHERE is_current`);
    // Written before an object is, deleted with the row that names it: what stays here longer is swept.
    await runner.query(`
      CREATE TABLE pending_object (
        key text PRIMARY KEY,
        begun_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE cohort (
        id uuid PRIMARY KEY,
        state text NOT NULL CHECK (state IN ('assembled', 'final')),
        number integer UNIQUE,
        attempt integer NOT NULL DEFAULT 1,
        commitments_hash bytea NOT NULL,
        assembled_at timestamptz NOT NULL DEFAULT now(),
        final_at timestamptz,
        CHECK ((state = 'final') = (number IS NOT NULL))
      )`);
    // Padding has no object: only this table can tell it apart.
    await runner.query(`
      CREATE TABLE deed (
        x bytea PRIMARY KEY,
        y bytea NOT NULL,
        commitment bytea NOT NULL UNIQUE,
        object_id uuid UNIQUE REFERENCES object (id),
        ephemeral_key bytea,
        view_tag smallint,
        cohort_id uuid REFERENCES cohort (id),
        pending_since timestamptz NOT NULL DEFAULT now(),
        CHECK ((object_id IS NULL) = (ephemeral_key IS NULL)),
        CHECK ((object_id IS NULL) = (view_tag IS NULL)),
        CHECK (object_id IS NOT NULL OR cohort_id IS NOT NULL)
      )`);
    await runner.query(`CREATE INDEX deed_pending ON deed (pending_since) WHERE cohort_id IS NULL`);
    await runner.query(`CREATE INDEX deed_cohort ON deed (cohort_id)`);
    await runner.query(`CREATE INDEX record_patient ON record (patient_id)`);
    await runner.query(`
      CREATE TABLE fetch_nonce (
        grant_id bytea NOT NULL,
        nonce bytea NOT NULL,
        expires timestamptz NOT NULL,
        PRIMARY KEY (grant_id, nonce)
      )`);
    await runner.query(`
      CREATE TABLE re_encryption (
        grant_id bytea PRIMARY KEY,
        commitment bytea NOT NULL,
        done_at timestamptz
      )`);
    // What this hospital holds of others' records: ciphertext, and the file key as a stanza to its own age identity.
    await runner.query(`
      CREATE TABLE opening (
        grant_id bytea PRIMARY KEY,
        object_key text NOT NULL,
        header bytea NOT NULL,
        stanza text NOT NULL,
        metadata jsonb NOT NULL,
        commitment bytea NOT NULL,
        department_id uuid NOT NULL,
        fetched_at timestamptz NOT NULL DEFAULT now(),
        opened_at timestamptz
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE opening, re_encryption, fetch_nonce, deed, cohort, pending_object, object, record');
  }
}

/** When the ciphertext of an earlier sealing went. */
class RemovedObjects1763900000000 implements MigrationInterface {
  name = 'RemovedObjects1763900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE object ADD COLUMN removed_at timestamptz CHECK (removed_at IS NULL OR NOT is_current)',
    );
    await runner.query('CREATE INDEX object_retired ON object (stored_at) WHERE NOT is_current AND removed_at IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE object DROP COLUMN removed_at');
  }
}

/** Objects are compared with their rows: what was found, and how far a scrub is. */
class ComparedObjects1764500000000 implements MigrationInterface {
  name = 'ComparedObjects1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE object ADD COLUMN object_key text`);
    await runner.query(`UPDATE object SET object_key = 'objects/' || id`);
    await runner.query(`ALTER TABLE object ALTER COLUMN object_key SET NOT NULL`);
    await runner.query(`CREATE UNIQUE INDEX object_key ON object (object_key)`);
    await runner.query(`ALTER TABLE opening ADD COLUMN payload_sha256 bytea`);
    await runner.query(`CREATE UNIQUE INDEX opening_key ON opening (object_key)`);
    // One row an object at most; a scrub removes it when the object is whole again or no row names it any more.
    await runner.query(`
      CREATE TABLE damaged_object (
        object_key text PRIMARY KEY,
        part text NOT NULL CHECK (part IN ('object', 'length', 'header', 'payload')),
        found_by text NOT NULL,
        found_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE scrub (
        id uuid PRIMARY KEY,
        begun_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        objects bigint NOT NULL,
        looked_through text NOT NULL DEFAULT '',
        checked bigint NOT NULL DEFAULT 0,
        bytes bigint NOT NULL DEFAULT 0,
        damaged bigint NOT NULL DEFAULT 0,
        unread bigint NOT NULL DEFAULT 0
      )`);
    // At most one is under way.
    await runner.query(`CREATE UNIQUE INDEX scrub_open ON scrub ((ended_at IS NULL)) WHERE ended_at IS NULL`);
    await runner.query(`CREATE INDEX scrub_begun ON scrub (begun_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE scrub, damaged_object');
    await runner.query('ALTER TABLE opening DROP COLUMN payload_sha256');
    await runner.query('DROP INDEX opening_key');
    await runner.query('ALTER TABLE object DROP COLUMN object_key');
  }
}

/** Queues that move on: what was tried goes behind what was not; a sweep and a commit exclude each other. */
class FairQueues1764600000000 implements MigrationInterface {
  name = 'FairQueues1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE pending_object ADD COLUMN swept_at timestamptz');
    await runner.query('CREATE INDEX pending_object_begun ON pending_object (begun_at)');
    await runner.query('ALTER TABLE object ADD COLUMN asked_at timestamptz');
    await runner.query('DROP INDEX object_retired');
    await runner.query(
      `CREATE INDEX object_retired ON object (asked_at NULLS FIRST, stored_at) WHERE NOT is_current AND removed_at IS NULL`,
    );
    await runner.query('ALTER TABLE re_encryption ADD COLUMN due_at timestamptz NOT NULL DEFAULT now()');
    await runner.query('ALTER TABLE re_encryption ADD COLUMN tries integer NOT NULL DEFAULT 0');
    await runner.query('CREATE INDEX re_encryption_due ON re_encryption (due_at) WHERE done_at IS NULL');
    await runner.query('CREATE INDEX re_encryption_done ON re_encryption (done_at) WHERE done_at IS NOT NULL');
    await runner.query('CREATE INDEX fetch_nonce_expires ON fetch_nonce (expires)');
    // Grants that ended at B, for as long as a fetch may still come to keep what it got.
    await runner.query(`
      CREATE TABLE ended_grant (
        grant_id bytea PRIMARY KEY,
        reason text NOT NULL,
        ended_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX ended_grant_at ON ended_grant (ended_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE ended_grant');
    await runner.query('DROP INDEX fetch_nonce_expires');
    await runner.query('ALTER TABLE re_encryption DROP COLUMN due_at, DROP COLUMN tries');
    await runner.query('ALTER TABLE object DROP COLUMN asked_at');
    await runner.query('CREATE INDEX object_retired ON object (stored_at) WHERE NOT is_current AND removed_at IS NULL');
    await runner.query('ALTER TABLE pending_object DROP COLUMN swept_at');
  }
}

/** Records that were entered in error. */
class WithdrawnRecords1764700000000 implements MigrationInterface {
  name = 'WithdrawnRecords1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE record ADD COLUMN withdrawn_at timestamptz, ADD COLUMN grants_asked_at timestamptz,
         ADD COLUMN grants_closed_at timestamptz`,
    );
    await runner.query(
      `CREATE INDEX record_closing ON record (grants_asked_at NULLS FIRST, id)
       WHERE withdrawn_at IS NOT NULL AND grants_closed_at IS NULL`,
    );
    await runner.query('ALTER TABLE object ADD COLUMN is_kept boolean NOT NULL DEFAULT false');
    await runner.query('DROP INDEX object_retired');
    await runner.query(
      `CREATE INDEX object_retired ON object (asked_at NULLS FIRST, stored_at)
       WHERE NOT is_current AND NOT is_kept AND removed_at IS NULL`,
    );
    await runner.query('CREATE INDEX object_record ON object (record_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX object_record');
    await runner.query('ALTER TABLE object DROP COLUMN is_kept');
    await runner.query(
      'CREATE INDEX object_retired ON object (asked_at NULLS FIRST, stored_at) WHERE NOT is_current AND removed_at IS NULL',
    );
    await runner.query(
      'ALTER TABLE record DROP COLUMN withdrawn_at, DROP COLUMN grants_asked_at, DROP COLUMN grants_closed_at',
    );
  }
}

/** Finds the cohorts whose mint is under way, which the registrar looks at each second. */
class CohortsUnderWay1764800000000 implements MigrationInterface {
  name = 'CohortsUnderWay1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX cohort_assembled ON cohort (assembled_at) WHERE state = 'assembled'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX cohort_assembled');
  }
}

/** Each row names the age identity that it is sealed for; a rotation moves all to the current one. */
class AgeRecipients1764960000000 implements MigrationInterface {
  name = 'AgeRecipients1764960000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['object', 'opening'])
      await runner.query(
        `ALTER TABLE ${table} ADD COLUMN recipient text NOT NULL DEFAULT '',
           ADD COLUMN rewrap_tries integer NOT NULL DEFAULT 0, ADD COLUMN rewrap_due_at timestamptz NOT NULL DEFAULT 'epoch'`,
      );
    await runner.query('CREATE INDEX object_recipient ON object (recipient, rewrap_due_at) WHERE removed_at IS NULL');
    await runner.query('CREATE INDEX opening_recipient ON opening (recipient, rewrap_due_at)');
    await runner.query(`
      CREATE TABLE key_rotation (
        id uuid PRIMARY KEY,
        recipient text NOT NULL,
        begun_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        outcome text CHECK (outcome IN ('finished', 'superseded')),
        rows bigint NOT NULL,
        done bigint NOT NULL DEFAULT 0,
        CHECK ((ended_at IS NULL) = (outcome IS NULL))
      )`);
    // At most one is under way.
    await runner.query(
      `CREATE UNIQUE INDEX key_rotation_open ON key_rotation ((ended_at IS NULL)) WHERE ended_at IS NULL`,
    );
    await runner.query(`CREATE INDEX key_rotation_begun ON key_rotation (begun_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE key_rotation');
    for (const table of ['object', 'opening'])
      await runner.query(
        `ALTER TABLE ${table} DROP COLUMN recipient, DROP COLUMN rewrap_tries, DROP COLUMN rewrap_due_at`,
      );
  }
}

/** Withdrawals that other hospitals are told of, and those that they told of. */
class WithdrawalNotices1764970000000 implements MigrationInterface {
  name = 'WithdrawalNotices1764970000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE withdrawal_notice (
        grant_id bytea PRIMARY KEY,
        record_id uuid NOT NULL REFERENCES record (id),
        copy text NOT NULL CHECK (copy IN ('keep', 'erase')),
        made_at timestamptz NOT NULL DEFAULT now(),
        due_at timestamptz NOT NULL DEFAULT now(),
        tries integer NOT NULL DEFAULT 0,
        answered_at timestamptz
      )`);
    await runner.query('CREATE INDEX withdrawal_notice_due ON withdrawal_notice (due_at) WHERE answered_at IS NULL');
    await runner.query('CREATE INDEX withdrawal_notice_record ON withdrawal_notice (record_id)');
    await runner.query('CREATE INDEX withdrawal_notice_made ON withdrawal_notice (made_at)');
    await runner.query(`
      CREATE TABLE withdrawn_grant (
        grant_id bytea PRIMARY KEY,
        copy text NOT NULL CHECK (copy IN ('keep', 'erase')),
        withdrawn_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE withdrawal_notice, withdrawn_grant');
  }
}

/** Tables of this service. */
export const recordsTables: Tables = {
  retention: recordsRetention,
  entities: [...chainEntities, RecordRow, ObjectRow, DeedRow, CohortRow, OpeningRow, ScrubRow, KeyRotationRow],
  migrations: [
    ...outboxMigrations,
    ...chainMigrations,
    RecordsTables1763820000000,
    RemovedObjects1763900000000,
    ComparedObjects1764500000000,
    FairQueues1764600000000,
    WithdrawnRecords1764700000000,
    CohortsUnderWay1764800000000,
    AgeRecipients1764960000000,
    WithdrawalNotices1764970000000,
  ],
};
