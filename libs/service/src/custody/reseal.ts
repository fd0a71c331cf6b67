import type { KeyRing } from '@cpds/crypto/custody';
import { invalid, toAppError } from '@cpds/errors';
import type { Tx, UnitOfWork } from '@cpds/store';

/** A column whose values a key ring sealed, and how to name them. */
export interface SealedPlace {
  readonly table: string;
  /** the primary key, in its order */
  readonly key: readonly string[];
  /** other columns that `placeOf` reads */
  readonly also?: readonly string[];
  /** bytea, or base64 in text; with `property`, base64 under that name in a jsonb object */
  readonly sealed: { column: string; encoding: 'bytes' | 'base64'; property?: string };
  /** makes the name that a row's value was sealed for, from the values of `key` and `also` */
  readonly placeOf: (row: Record<string, unknown>) => string;
}

/** Progress of a table. `left` values are not under the current key yet: `broken` of them were changed, for `foreign` no key is held. */
export interface Resealed {
  readonly table: string;
  readonly rows: number;
  readonly left: number;
  readonly broken: number;
  readonly foreign: number;
}

/** Rows of one transaction: some tens of milliseconds of locks. */
const batchRows = 256;

/**
 * Seals anew, under the ring's current key, every row that lies under a former one, or in a form that names no key.
 *
 * CRASH STORY. The first bytes of a row name the key that sealed it, and the row is replaced in one transaction with at
 * most 255 others; there is no other state. After a kill at any line each row opens under the current or a former key,
 * and the next call goes on with the rows that are left; if none is, it changes nothing. Rows stay locked from reading
 * to replacing, so a process beside this one loses no write; it must hold the new key to read them, and writes under
 * its own.
 *
 * @param report receives the progress of each table after each batch
 * @returns each table as it is at the end: former keys may be deleted when `left` is 0 everywhere
 * @throws AppError `kek-missing`, after all else was sealed anew, when rows lie under keys that the ring does not hold
 */
export async function reseal(
  unitOfWork: UnitOfWork,
  ring: KeyRing,
  places: readonly SealedPlace[],
  report: (progress: Resealed) => void,
): Promise<Resealed[]> {
  const done: Resealed[] = [];
  const refusals: string[] = [];
  for (const place of places) {
    const total = await countLeft(unitOfWork, ring, place);
    let sum = { table: place.table, rows: 0, left: total, broken: 0, foreign: 0 };
    for (let after: Row | null = null; ;) {
      const batch: Batch = await unitOfWork.run((tx) => resealBatch(tx, ring, place, after));
      if (batch.last === null) break;
      after = batch.last;
      const rows = sum.rows + batch.rows;
      const foreign = sum.foreign + batch.refusals.length;
      sum = { ...sum, rows, left: Math.max(0, total - rows), broken: sum.broken + batch.broken, foreign };
      refusals.push(...batch.refusals.slice(0, 1));
      report(sum);
    }
    done.push({ ...sum, left: await countLeft(unitOfWork, ring, place) });
  }
  if (refusals[0] !== undefined) {
    const counts = done.filter(({ foreign }) => foreign > 0).map(({ table, foreign }) => `${foreign} of ${table}`);
    throw invalid('kek-missing', 'kek', `rows do not open (${counts.join(', ')}); the first: ${refusals[0]}`);
  }
  return done;
}

type Row = Record<string, unknown>;

interface Batch {
  readonly last: Row | null;
  readonly rows: number;
  readonly broken: number;
  /** the reason, for each row under a key that is not held */
  readonly refusals: readonly string[];
}

/** Reads the next rows behind the key of `after` and replaces those that open; `last` is null when there are no more rows. */
async function resealBatch(tx: Tx, ring: KeyRing, place: SealedPlace, after: Row | null): Promise<Batch> {
  const { table, key, also = [], placeOf } = place;
  const { value, assignment, type, isOther, prefix, decode, encode } = formOf(place, ring);
  const behind = `AND (${key.join(', ')}) > (${key.map((_, i) => `$${i + 2}`).join(', ')})`;
  const found = (await tx.manager.query(
    `SELECT ctid, ${value} AS sealed_value, ${[...key, ...also].join(', ')} FROM ${table}
     WHERE ${isOther} ${after ? behind : ''} ORDER BY ${key.join(', ')} LIMIT ${batchRows} FOR UPDATE`,
    [prefix, ...(after ? key.map((column) => after[column]) : [])],
  )) as Row[];
  const fresh: Row[] = [];
  const refusals: string[] = [];
  for (const row of found) {
    const name = placeOf(row);
    try {
      const secret = ring.open(name, decode(row['sealed_value']));
      fresh.push({ ctid: row['ctid'], sealed: encode(ring.seal(name, secret)) });
    } catch (thrown) {
      const { code, message } = toAppError(thrown);
      if (code === 'wrong-kek') refusals.push(message);
      else if (code !== 'broken-seal' && code !== 'unknown-version') throw thrown;
    }
  }
  // ctid is where the row lies on disk, which does not change while this transaction holds the row's lock.
  await tx.manager.query(
    `UPDATE ${table} SET ${assignment}
     FROM unnest($1::tid[], $2::${type}[]) AS fresh (id, sealed) WHERE ${table}.ctid = fresh.id`,
    [fresh.map(({ ctid }) => ctid), fresh.map(({ sealed }) => sealed)],
  );
  const broken = found.length - fresh.length - refusals.length;
  return { last: found.at(-1) ?? null, rows: fresh.length, broken, refusals };
}

async function countLeft(unitOfWork: UnitOfWork, ring: KeyRing, place: SealedPlace): Promise<number> {
  const { isOther, prefix } = formOf(place, ring);
  const [row] = (await unitOfWork.reader.query(`SELECT count(*) AS rows FROM ${place.table} WHERE ${isOther}`, [
    prefix,
  ])) as [{ rows: string }];
  return Number(row.rows);
}

/** How a place is written in SQL. The 9 bytes of the prefix are 12 digits of base64 to the bit. */
function formOf({ table, sealed: { column, encoding, property } }: SealedPlace, ring: KeyRing) {
  const bytes = Buffer.from(ring.prefix);
  if (encoding === 'bytes')
    return {
      value: `${table}.${column}`,
      assignment: `${column} = fresh.sealed`,
      type: 'bytea',
      isOther: `substring(${table}.${column} FROM 1 FOR 9) <> $1`,
      prefix: bytes,
      decode: (stored: unknown) => new Uint8Array(stored as Buffer),
      encode: (sealed: Uint8Array) => Buffer.from(sealed),
    };
  const value = property === undefined ? `${table}.${column}` : `(${table}.${column} ->> '${property}')`;
  const put = property === undefined ? 'fresh.sealed' : `jsonb_set(${column}, '{${property}}', to_jsonb(fresh.sealed))`;
  return {
    value,
    assignment: `${column} = ${put}`,
    type: 'text',
    isOther: `left(${value}, 12) <> $1`,
    prefix: bytes.toString('base64'),
    decode: (stored: unknown) => new Uint8Array(Buffer.from(stored as string, 'base64')),
    encode: (sealed: Uint8Array) => Buffer.from(sealed).toString('base64'),
  };
}
