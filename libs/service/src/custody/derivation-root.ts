import type { KeyRing } from '@cpds/crypto/custody';
import type { Retention, Tx } from '@cpds/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { SealedPlace } from './reseal.js';

class DerivationRoot1763960000000 implements MigrationInterface {
  name = 'DerivationRoot1763960000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE derivation_root (
        id int PRIMARY KEY DEFAULT 1 CHECK (id = 1),
        sealed bytea NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE derivation_root');
  }
}

/** The table of `derivationRoot`, for a service that stores keyed hashes. */
export const derivationRootMigrations = [DerivationRoot1763960000000];

/** How long its row is kept. */
export const derivationRootRetention: readonly Retention[] = [
  { table: 'derivation_root', kept: 'for ever: one row, without which no keyed hash can be found again' },
];

const place = 'derivation-root';

/** Place of the root in the database, for `reseal`. */
export const derivationRootPlace: SealedPlace = {
  table: 'derivation_root',
  key: ['id'],
  sealed: { column: 'sealed', encoding: 'bytes' },
  placeOf: () => place,
};

/**
 * Returns the 32 bytes from which this database derives the keys of its keyed hashes (`hkdfExpand`). A hash cannot be
 * made anew without the text that it hides, so its key must outlive every key-encryption key: the root comes from the
 * first key-encryption key of the database, and from then on lies in the database, sealed like the rest.
 *
 * @throws CryptoError `wrong-kek`
 */
export async function derivationRoot(tx: Tx, ring: KeyRing): Promise<Uint8Array> {
  await tx.manager.query('INSERT INTO derivation_root (sealed) VALUES ($1) ON CONFLICT DO NOTHING', [
    Buffer.from(ring.seal(place, ring.origin())),
  ]);
  const [row] = (await tx.manager.query('SELECT sealed FROM derivation_root')) as [{ sealed: Buffer }];
  return ring.open(place, row.sealed);
}
