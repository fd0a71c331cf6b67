import { EventEnvelope, eventLeafHash } from '@cpds/messages';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class OutboxTables1763800000001 implements MigrationInterface {
  name = 'OutboxTables1763800000001';

  async up(runner: QueryRunner): Promise<void> {
    // One counter row per producer: its lock orders appends, a rollback gives the number back, so seq has no gap.
    await runner.query(`
      CREATE TABLE outbox_counter (
        producer text PRIMARY KEY,
        last_seq bigint NOT NULL DEFAULT 0,
        receipted_seq bigint NOT NULL DEFAULT 0,
        tree_size bigint NOT NULL DEFAULT 0,
        stream_created text
      )`);
    await runner.query(`
      CREATE TABLE outbox (
        producer text NOT NULL,
        seq bigint NOT NULL,
        envelope jsonb NOT NULL,
        stream_seq bigint,
        published_at timestamptz,
        PRIMARY KEY (producer, seq)
      )`);
    await runner.query(`CREATE INDEX outbox_unpublished ON outbox (producer, seq) WHERE published_at IS NULL`);
    await runner.query(`
      CREATE TABLE inbox (
        consumer text NOT NULL,
        envelope_id uuid NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, envelope_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE inbox, outbox, outbox_counter');
  }
}

/** Rows that one statement of a migration reads or writes. */
const pageRows = 1_000;

class OutboxByLeaf1764500000001 implements MigrationInterface {
  name = 'OutboxByLeaf1764500000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE outbox ADD leaf bytea, ADD appended_at timestamptz NOT NULL DEFAULT now()');
    await nameLeaves(runner);
    await runner.query('ALTER TABLE outbox ALTER leaf SET NOT NULL');
    // What the relay knows stands apart from the counter, whose lock every append waits for.
    await runner.query(`
      CREATE TABLE outbox_relay (
        producer text PRIMARY KEY,
        stream_created text,
        published_seq bigint NOT NULL DEFAULT 0,
        receipted_seq bigint NOT NULL DEFAULT 0,
        cleared_seq bigint NOT NULL DEFAULT 0,
        cleared_leaf bytea,
        disagreed_seq bigint
      )`);
    // Receipts so far named no leaf, so none of them counts: they are heard again within seconds.
    await runner.query(`
      INSERT INTO outbox_relay (producer, stream_created, published_seq, cleared_seq)
      SELECT c.producer, c.stream_created,
             coalesce((SELECT min(seq) - 1 FROM outbox o WHERE o.producer = c.producer AND o.published_at IS NULL), c.last_seq),
             coalesce((SELECT min(seq) - 1 FROM outbox o WHERE o.producer = c.producer), c.last_seq)
      FROM outbox_counter c`);
    await runner.query('DROP INDEX outbox_unpublished');
    await runner.query('ALTER TABLE outbox DROP published_at');
    await runner.query('ALTER TABLE outbox_counter DROP receipted_seq, DROP tree_size, DROP stream_created');
    await runner.query('CREATE INDEX inbox_at ON inbox (at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX inbox_at');
    await runner.query(`ALTER TABLE outbox_counter ADD receipted_seq bigint NOT NULL DEFAULT 0,
      ADD tree_size bigint NOT NULL DEFAULT 0, ADD stream_created text`);
    await runner.query('ALTER TABLE outbox DROP leaf, DROP appended_at, ADD published_at timestamptz');
    await runner.query('CREATE INDEX outbox_unpublished ON outbox (producer, seq) WHERE published_at IS NULL');
    await runner.query('DROP TABLE outbox_relay');
  }
}

async function nameLeaves(runner: QueryRunner): Promise<void> {
  for (;;) {
    const rows = (await runner.query(
      `SELECT producer, seq, envelope FROM outbox WHERE leaf IS NULL ORDER BY producer, seq LIMIT ${pageRows}`,
    )) as { producer: string; seq: string; envelope: unknown }[];
    if (rows.length === 0) return;
    await runner.query(
      `UPDATE outbox SET leaf = named.leaf FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS named (producer, seq, leaf)
       WHERE outbox.producer = named.producer AND outbox.seq = named.seq`,
      [
        rows.map((row) => row.producer),
        rows.map((row) => row.seq),
        rows.map((row) => Buffer.from(eventLeafHash(EventEnvelope.parse(row.envelope)).slice(2), 'hex')),
      ],
    );
  }
}

/** The request that an event was told for goes along with it to its readers. */
class OutboxRequests1764900000001 implements MigrationInterface {
  name = 'OutboxRequests1764900000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE outbox ADD request_id text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE outbox DROP request_id');
  }
}

/** Tables of outbox and inbox; a service adds them to its own migrations. */
export const outboxMigrations = [OutboxTables1763800000001, OutboxByLeaf1764500000001, OutboxRequests1764900000001];
