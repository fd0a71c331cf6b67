import type { MigrationInterface, QueryRunner } from 'typeorm';

class StoreTables1763800000000 implements MigrationInterface {
  name = 'StoreTables1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE idempotency_key (
        scope text NOT NULL,
        key text NOT NULL,
        request_hash bytea NOT NULL,
        response jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (scope, key)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotency_key');
  }
}

/** Tables the store itself needs; `openStore` adds them. */
export const storeMigrations = [StoreTables1763800000000];
