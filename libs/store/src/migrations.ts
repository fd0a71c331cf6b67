import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Retention } from './retention.js';

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

/** Finds the answers that nobody asks for any more. */
class IdempotencyAge1764800000000 implements MigrationInterface {
  name = 'IdempotencyAge1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX idempotency_key_age ON idempotency_key (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX idempotency_key_age');
  }
}

/** Tables the store itself needs; `openStore` adds them. */
export const storeMigrations = [StoreTables1763800000000, IdempotencyAge1764800000000];

/** How long their rows are kept; `StoreModule` adds it to that of the service. */
export const storeRetention: readonly Retention[] = [
  {
    table: 'idempotency_key',
    kept: '7 days: longer than any client repeats a request',
    prune: { age: 'created_at', days: 7 },
  },
];
