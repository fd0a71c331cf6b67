import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ChainCursorRow } from './follower.row.js';
import { ChainTransactionRow } from './sender.row.js';

class ChainTables1763810000000 implements MigrationInterface {
  name = 'ChainTables1763810000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE chain_cursor (
        chain_uid text NOT NULL,
        name text NOT NULL,
        block_number integer NOT NULL,
        block_hash text NOT NULL,
        halted boolean NOT NULL DEFAULT false,
        PRIMARY KEY (chain_uid, name)
      )`);
    await runner.query(`
      CREATE TABLE chain_transaction (
        chain_uid text NOT NULL,
        account text NOT NULL,
        key text NOT NULL,
        position bigint GENERATED ALWAYS AS IDENTITY,
        to_address text NOT NULL,
        data text NOT NULL,
        value numeric(78, 0) NOT NULL,
        state text NOT NULL,
        nonce integer,
        raw text,
        hash text,
        cancel_raw text,
        cancel_hash text,
        block_number integer,
        block_hash text,
        succeeded boolean,
        gas_used integer,
        revert jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (chain_uid, account, key),
        UNIQUE (chain_uid, account, nonce)
      )`);
    await runner.query(`
      CREATE INDEX chain_transaction_open ON chain_transaction (chain_uid, account, position)
      WHERE state IN ('queued', 'sent', 'mined')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE chain_transaction');
    await runner.query('DROP TABLE chain_cursor');
  }
}

/** Tables of followers and senders: a service that has either lists them beside its own. */
export const chainMigrations = [ChainTables1763810000000];

/** Their row classes. */
export const chainEntities = [ChainCursorRow, ChainTransactionRow];
