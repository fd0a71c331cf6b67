import { chainEntities, chainMigrations } from '@cpds/chain';
import { derivationRootMigrations, type Tables } from '@cpds/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { auditRetention } from './retention.js';

class AuditTables1763801000000 implements MigrationInterface {
  name = 'AuditTables1763801000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE log (
        origin text PRIMARY KEY,
        size bigint NOT NULL,
        root bytea NOT NULL,
        checkpoint text NOT NULL,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE tile (
        level int NOT NULL,
        index bigint NOT NULL,
        hashes bytea NOT NULL,
        PRIMARY KEY (level, index)
      )`);
    await runner.query(`
      CREATE TABLE producer (
        producer text PRIMARY KEY,
        through_seq bigint NOT NULL
      )`);
    // A row without leaf_index waits for its predecessors of the same producer.
    await runner.query(`
      CREATE TABLE event (
        producer text NOT NULL,
        seq bigint NOT NULL,
        id uuid NOT NULL,
        at timestamptz NOT NULL,
        correlation text NOT NULL,
        salt bytea NOT NULL,
        leaf bytea NOT NULL,
        details_key bytea NOT NULL,
        sealed_details bytea,
        leaf_index bigint UNIQUE,
        PRIMARY KEY (producer, seq)
      )`);
    await runner.query('CREATE INDEX event_waiting ON event (producer, seq) WHERE leaf_index IS NULL');
    await runner.query('CREATE INDEX event_correlation ON event (correlation, leaf_index)');
    // A row whose sealed_key is null was erased.
    await runner.query(`
      CREATE TABLE details_key (
        id bytea PRIMARY KEY,
        sealed_key bytea
      )`);
    await runner.query(`
      CREATE TABLE refused_event (
        hash bytea PRIMARY KEY,
        subject text NOT NULL,
        reason text NOT NULL,
        sealed_body bytea NOT NULL,
        seen_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE anchor (
        chain text NOT NULL,
        size bigint NOT NULL,
        root bytea NOT NULL,
        checkpoint text NOT NULL,
        state text NOT NULL CHECK (state IN ('wanted', 'final', 'failed')),
        attempt int NOT NULL,
        reason text,
        transaction_hash text,
        block_number bigint,
        wanted_at timestamptz NOT NULL,
        settled_at timestamptz,
        PRIMARY KEY (chain, size)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['anchor', 'refused_event', 'details_key', 'event', 'producer', 'tile', 'log'])
      await runner.query(`DROP TABLE ${table}`);
  }
}

/** A person's keys by generation: an erasure ends one, and what comes later has the next. */
class DetailsKeyGenerations1764500000000 implements MigrationInterface {
  name = 'DetailsKeyGenerations1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE details_key ADD place bytea, ADD generation int NOT NULL DEFAULT 0');
    await runner.query('UPDATE details_key SET place = id');
    await runner.query('ALTER TABLE details_key ALTER place SET NOT NULL, ADD UNIQUE (place, generation)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE details_key DROP place, DROP generation');
  }
}

/** Finds a chain's newest final anchor among all of a year, and refused messages whose time is over. */
class AnchorsByState1764800000000 implements MigrationInterface {
  name = 'AnchorsByState1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX anchor_final ON anchor (chain, size) WHERE state = 'final'`);
    await runner.query('CREATE INDEX refused_event_age ON refused_event (seen_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX anchor_final, refused_event_age');
  }
}

/** A salt beside its leaf would let whoever has the row guess details that were erased: it is sealed with them. */
class SealedSalts1764801000000 implements MigrationInterface {
  name = 'SealedSalts1764801000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE event DROP salt');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE event ADD salt bytea NOT NULL DEFAULT ''`);
  }
}

/** Which stream was read last, so that a start notices another one. */
class OpenedStreams1764900000003 implements MigrationInterface {
  name = 'OpenedStreams1764900000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE opened_stream (
        stream text PRIMARY KEY,
        stream_created text NOT NULL,
        consumer_created text
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE opened_stream');
  }
}

/** The shape of this service's rows. */
export const auditTables: Tables = {
  retention: auditRetention,
  entities: chainEntities,
  migrations: [
    ...chainMigrations,
    ...derivationRootMigrations,
    AuditTables1763801000000,
    DetailsKeyGenerations1764500000000,
    AnchorsByState1764800000000,
    SealedSalts1764801000000,
    OpenedStreams1764900000003,
  ],
};
