import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Datagrams under way and answers given. */
export class Datagrams1763900000001 implements MigrationInterface {
  name = 'Datagrams1763900000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outgoing_datagram (
        id uuid PRIMARY KEY,
        recipient text NOT NULL,
        kind text NOT NULL,
        grant_id text NOT NULL,
        datagram jsonb NOT NULL,
        deadline bigint NOT NULL,
        state text NOT NULL CHECK (state IN ('open', 'answered', 'expired')),
        attempts int NOT NULL,
        next_at timestamptz NOT NULL,
        UNIQUE (recipient, kind, grant_id)
      )`);
    await runner.query(`CREATE INDEX outgoing_datagram_due ON outgoing_datagram (next_at) WHERE state = 'open'`);
    await runner.query(`
      CREATE TABLE answered_datagram (
        id uuid PRIMARY KEY,
        sender text NOT NULL,
        digest text NOT NULL,
        answer jsonb NOT NULL,
        answered_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX answered_datagram_age ON answered_datagram (answered_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE answered_datagram, outgoing_datagram');
  }
}

/** The request that a datagram was stored for goes along with it. */
export class DatagramRequests1764900000002 implements MigrationInterface {
  name = 'DatagramRequests1764900000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE outgoing_datagram ADD request_id text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE outgoing_datagram DROP request_id');
  }
}
