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

/** Tables of outbox and inbox; a service adds them to its own migrations. */
export const outboxMigrations = [OutboxTables1763800000001];
