import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Everything a storeman keeps beside its transfer rows. */
class StoremanTables1763850000000 implements MigrationInterface {
  name = 'StoremanTables1763850000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE ceremony (
        attempt_id text PRIMARY KEY,
        key_id text NOT NULL UNIQUE,
        purpose text NOT NULL CHECK (purpose IN ('sign', 'seal')),
        state text NOT NULL CHECK (state IN ('refused', 'open', 'done', 'failed')),
        member_index int NOT NULL CHECK (member_index > 0),
        n int NOT NULL,
        threshold int NOT NULL,
        sealed_seed bytea,
        reason text,
        -- an open attempt cannot go on without its seed, a closed one must not keep it
        CHECK ((state = 'open') = (sealed_seed IS NOT NULL))
      )`);
    await runner.query(`
      CREATE TABLE ceremony_log (
        block_number int NOT NULL,
        log_index int NOT NULL,
        attempt_id text NOT NULL,
        topics jsonb NOT NULL,
        data text NOT NULL,
        PRIMARY KEY (block_number, log_index)
      )`);
    await runner.query('CREATE INDEX ceremony_log_attempt ON ceremony_log (attempt_id, block_number, log_index)');
    await runner.query(`
      CREATE TABLE key_share (
        key_id text NOT NULL,
        epoch int NOT NULL,
        purpose text NOT NULL CHECK (purpose IN ('sign', 'seal')),
        member_index int NOT NULL,
        sealed bytea NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (key_id, epoch)
      )`);
    await runner.query(`
      CREATE TABLE storeman_act (
        grant_id text NOT NULL,
        act text NOT NULL CHECK (act IN ('mint', 'not-mapped', 'release')),
        digest text NOT NULL,
        home_uid text NOT NULL,
        destination_uid text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (grant_id, act)
      )`);
    await runner.query(
      "CREATE UNIQUE INDEX storeman_act_exclusion ON storeman_act (grant_id) WHERE act IN ('not-mapped', 'release')",
    );
    await runner.query(
      "CREATE INDEX storeman_act_quota ON storeman_act (home_uid, destination_uid, at) WHERE act = 'mint'",
    );
    await runner.query(`
      CREATE TABLE spent_nonce (nonce_id uuid PRIMARY KEY, grant_id text NOT NULL, at timestamptz NOT NULL)`);
    await runner.query(`
      CREATE TABLE release (
        grant_id text NOT NULL,
        epoch int NOT NULL,
        member_index int NOT NULL,
        sealed_key_hash text NOT NULL,
        w text NOT NULL,
        c text NOT NULL,
        s text NOT NULL,
        lock_block text NOT NULL,
        mint_block text NOT NULL,
        signature text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (grant_id, epoch)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['release', 'spent_nonce', 'storeman_act', 'key_share', 'ceremony_log', 'ceremony'])
      await runner.query(`DROP TABLE ${table}`);
  }
}

/** Tables of the role storeman; the other roles do without. */
export const storemanMigrations = [StoremanTables1763850000000];
