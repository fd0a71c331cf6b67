/**
 * Equal discrete logarithms, log_A X = log_B Z (section 5): the k = 1 shape of the ring signature with the bases in the
 * transcript and another domain, so that no DLEQ verifies as a ring of one and no base can be chosen after the proof.
 *
 * ```ts
 * import { G } from '@cpds/crypto/curve';
 * import { proveDleq, verifyDleq } from '@cpds/crypto/dleq';
 * import { gBar } from '@cpds/crypto/ring';
 * import { randomBytes } from 'node:crypto';
 *
 * const statement = {
 *   use: 'open' as const,
 *   A: G,
 *   X: G.multiply(5n),
 *   B: gBar(),
 *   Z: gBar().multiply(5n),
 *   message: new Uint8Array(32),
 * };
 * const proof = proveDleq(statement, 5n, randomBytes);
 * verifyDleq(statement, proof); // true
 * verifyDleq({ ...statement, X: G }, proof); // false
 * ```
 */

import { ascii, checkBytes, concat } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import {
  addressOf,
  challenge,
  checkNonzero,
  checkPoint,
  checkScalar,
  hedgedScalar,
  N,
  parseScalar,
  scalarBytes,
  xy,
  type Point,
} from './curve.js';
import { keccak256 } from './hash.js';
import { combinePublic } from './public-arithmetic.js';
import type { RandomBytes } from './random.js';

/** The use of a proof, part of its hash; no use is a prefix of another. */
export type DleqUse = 'own' | 'seal' | 'open' | 'part';

/** log_A X = log_B Z, said about `message`, 32 bytes. Callers fix the bases: A = G; B = Ḡ for seal and open. */
export interface DleqStatement {
  use: DleqUse;
  A: Point;
  X: Point;
  B: Point;
  Z: Point;
  message: Uint8Array;
}

const USES: readonly DleqUse[] = ['own', 'seal', 'open', 'part'];
const PLACES = ['A', 'X', 'B', 'Z'] as const;

/** Challenge and response, both in [1, n-1]; 64 bytes as u256 c ‖ u256 s. */
export interface DleqProof {
  c: bigint;
  s: bigint;
}

/**
 * Proves a statement. A false one (X ≠ w·A or Z ≠ w·B) is refused: its transcript would help to find w.
 *
 * @throws CryptoError `false-statement`, `bad-scalar`
 */
export function proveDleq(statement: DleqStatement, witness: bigint, random: RandomBytes): DleqProof {
  checkScalar(witness, 'witness');
  const { A, X, B, Z } = statement;
  for (const place of PLACES) checkNonzero(statement[place], place);
  // Secret scalars below: constant-time ladder.
  if (!A.multiply(witness).equals(X) || !B.multiply(witness).equals(Z))
    throw new CryptoError('false-statement', 'witness', `does not satisfy the ${statement.use} statement`);
  const nonce = hedgedScalar(statement.use, scalarBytes(witness), random(32), transcript(statement));
  const c = challengeOf(statement, A.multiply(nonce), B.multiply(nonce));
  return { c, s: checkScalar((nonce + (N - c) * witness) % N, 's') };
}

/** Whether `proof` holds for `statement`. All inputs are public: variable time. */
export function verifyDleq(statement: DleqStatement, proof: DleqProof): boolean {
  if (!inRange(proof.c) || !inRange(proof.s)) return false;
  const { A, X, B, Z } = statement;
  if (PLACES.some((place) => checkPoint(statement[place], place).is0())) return false;
  const L = combinePublic(A, proof.s, X, proof.c);
  const R = combinePublic(B, proof.s, Z, proof.c);
  if (L.is0() || R.is0()) return false;
  return challengeOf(statement, L, R) === proof.c;
}

/** c ‖ s, 64 bytes. */
export function dleqBytes(proof: DleqProof): Uint8Array {
  return concat(scalarBytes(proof.c), scalarBytes(proof.s));
}

/** Parses `dleqBytes`. @throws CryptoError `bad-proof`, `bad-scalar` */
export function parseDleq(bytes: Uint8Array, field: string): DleqProof {
  if (checkBytes(bytes, field).length !== 64)
    throw new CryptoError('bad-proof', field, `must be 64 bytes, has ${bytes.length}`);
  return { c: parseScalar(bytes.slice(0, 32), `${field}.c`), s: parseScalar(bytes.slice(32), `${field}.s`) };
}

/** Everything hashed before L and R. */
function transcript(statement: DleqStatement): Uint8Array {
  if (!USES.includes(statement.use))
    throw new CryptoError('out-of-range', 'use', 'is none of own, seal, open and part');
  if (checkBytes(statement.message, 'message').length !== 32)
    throw new CryptoError('bad-hash', 'message', 'must be 32 bytes');
  return concat(
    ascii(`cpds/v1/dleq/${statement.use}`),
    statement.message,
    xy(statement.A),
    xy(statement.X),
    xy(statement.B),
    xy(statement.Z),
  );
}

function challengeOf(statement: DleqStatement, L: Point, R: Point): bigint {
  return challenge(keccak256(transcript(statement), addressOf(L), xy(R)));
}

function inRange(scalar: bigint): boolean {
  return typeof scalar === 'bigint' && scalar > 0n && scalar < N;
}
