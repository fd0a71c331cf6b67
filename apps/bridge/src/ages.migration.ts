import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the rows whose time is over (`retention.ts`). */
export class RowAges1764800000000 implements MigrationInterface {
  name = 'RowAges1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX request_age ON request (created_at)');
    await runner.query(`CREATE INDEX outgoing_datagram_done ON outgoing_datagram (next_at) WHERE state <> 'open'`);
    await runner.query('CREATE INDEX spent_nonce_age ON spent_nonce (at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX request_age, outgoing_datagram_done, spent_nonce_age');
  }
}
