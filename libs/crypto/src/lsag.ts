/**
 * The linkable ring signature over a cohort (section 5): LSAG of Liu-Wei-Wong 2004 with CryptoNote's per-key tag base.
 * It says "the holder of one of these deeds signed `message`", and its tag says "and this deed and slot only once".
 */

import { ascii, checkBytes, checkList, concat, equalBytes, u16, u256 } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import {
  addressOf,
  challenge,
  checkRecoverable,
  checkScalar,
  compressed,
  G,
  hedgedScalar,
  liftX,
  N,
  parsePoint,
  parseScalar,
  scalarBytes,
  xy,
  type CurveHash,
  type Point,
} from './curve.js';
import { keccak256 } from './hash.js';
import { combinePublic } from './public-arithmetic.js';
import type { RandomBytes } from './random.js';
import { slotByte, tagBase, tagOf } from './tag-base.js';

const FEWEST_DEEDS = 2;
const MOST_DEEDS = 256;

/** The message, and the ring that signs it. All public. */
export interface RingStatement {
  /** m = grantId, 32 bytes. */
  message: Uint8Array;
  /** `tagDomain` of the LockedAccount, 32 bytes. */
  tagDomain: Uint8Array;
  slot: number;
  /** x of each deed of the cohort, in the cohort's order; y is even. */
  xs: readonly bigint[];
  /** The grant's tag, 33 bytes compressed: a signature with any other I is refused. */
  tag: Uint8Array;
}

/** The compact signature (I, c_0, s_0 … s_{k-1}), parsed. */
export interface RingSignature {
  tag: Point;
  c0: bigint;
  s: bigint[];
}

/** keccak256("cpds/v1/ring" ‖ u8 slot ‖ x_0 ‖ … ‖ x_{k-1}). */
export function ringHash(slot: number, xs: readonly bigint[]): Uint8Array {
  return keccak256(
    ascii('cpds/v1/ring'),
    slotByte(slot),
    ...checkList(xs, 'xs', MOST_DEEDS).map((x, i) => u256(checkScalar(x, `xs[${i}]`))),
  );
}

/**
 * Signs with the secret of the deed at its place in `xs` (found here, so that no caller can name a wrong one); returns
 * the compact signature, 65 + 32k bytes.
 *
 * @param deedSecret x with x·G the deed's even-y point
 * @throws CryptoError `not-in-ring`, `wrong-tag`, `bad-ring`
 */
export function signRing(statement: RingStatement, deedSecret: bigint, random: RandomBytes): Uint8Array {
  const ring = openRing(statement);
  const size = ring.keys.length;
  const own = G.multiply(checkScalar(deedSecret, 'deedSecret')); // secret: constant-time ladder
  const index = ring.keys.findIndex((key) => key.equals(own));
  if (index < 0) throw new CryptoError('not-in-ring', 'deedSecret', 'is the key of no deed of the ring');
  const tag = tagOf(ring.bases[index]!, deedSecret);
  if (!equalBytes(compressed(tag), statement.tag))
    throw new CryptoError('wrong-tag', 'tag', 'is not the tag of this deed and slot');
  checkRecoverable(tag, 'tag');

  // One hedged scalar per place: the nonce at the signer's, the free answers elsewhere, all drawn the same way.
  const entropy = random(32);
  const draw = (place: number) =>
    hedgedScalar('lsag', scalarBytes(deedSecret), entropy, concat(transcriptHead(statement, tag), u16(place)));

  const nonce = draw(index);
  const s = new Array<bigint>(size).fill(0n);
  const c = new Array<bigint>(size).fill(0n);
  // Secret nonce: constant-time ladder. All other scalars of the loop are published in the signature.
  c[(index + 1) % size] = nextChallenge(statement, tag, G.multiply(nonce), ring.bases[index]!.point.multiply(nonce));
  for (let step = 1; step < size; step++) {
    const place = (index + step) % size;
    s[place] = draw(place);
    const [L, R] = links(ring, tag, place, s[place]!, c[place]!);
    c[(place + 1) % size] = nextChallenge(statement, tag, L, R);
  }
  s[index] = checkScalar((nonce + (N - c[index]!) * deedSecret) % N, 's');
  return compactSignature({ tag, c0: c[0]!, s });
}

/**
 * Whether `compact` is a signature of the ring on `statement.message` with exactly `statement.tag`. All inputs are
 * public: variable time.
 *
 * @throws CryptoError where the signature or the ring is malformed (names the field); an open chain returns false
 */
export function verifyRing(statement: RingStatement, compact: Uint8Array): boolean {
  return closeRing(statement, parseRingSignature(compact, checkRing(statement.xs).length)) !== undefined;
}

/** R = s·H + c·I of one place, of published scalars. */
export type RightLink = (H: Point, s: bigint, I: Point, c: bigint) => Point;

const rightLink: RightLink = (H, s, I, c) => combinePublic(H, s, I, c);

/**
 * The tag bases of a ring that a valid signature closes, for its on-chain witness; undefined when I is not the statement's
 * tag, the chain does not close, or an L or R is the identity.
 *
 * @param right computes each R in turn; pass your own to keep its two halves as well
 */
export function closeRing(
  statement: RingStatement,
  signature: RingSignature,
  right: RightLink = rightLink,
): CurveHash[] | undefined {
  if (!equalBytes(compressed(signature.tag), statement.tag)) return undefined;
  const ring = openRing(statement);
  if (checkList(signature.s, 's', MOST_DEEDS).length !== ring.keys.length)
    throw new CryptoError('bad-signature', 's', `must be one for each of ${ring.keys.length} deeds`);
  let c = signature.c0;
  for (let place = 0; place < ring.keys.length; place++) {
    const [L, R] = links(ring, signature.tag, place, signature.s[place]!, c, right);
    if (L.is0() || R.is0()) return undefined;
    c = nextChallenge(statement, signature.tag, L, R);
  }
  return c === signature.c0 ? ring.bases : undefined;
}

/** compressed I ‖ c_0 ‖ s_0 ‖ …, 65 + 32k bytes. */
export function compactSignature(signature: RingSignature): Uint8Array {
  return concat(
    compressed(signature.tag),
    scalarBytes(signature.c0),
    ...checkList(signature.s, 's', MOST_DEEDS).map(scalarBytes),
  );
}

/** Parses `compactSignature` for a ring of `ringSize`. @throws CryptoError `bad-signature`, `bad-scalar`, `bad-point` */
export function parseRingSignature(compact: Uint8Array, ringSize: number): RingSignature {
  if (!Number.isInteger(ringSize) || ringSize < FEWEST_DEEDS || ringSize > MOST_DEEDS)
    throw new CryptoError('bad-ring', 'xs', `must name ${FEWEST_DEEDS} to ${MOST_DEEDS} deeds`);
  if (checkBytes(compact, 'ringSignature').length !== 65 + 32 * ringSize)
    throw new CryptoError(
      'bad-signature',
      'ringSignature',
      `must be ${65 + 32 * ringSize} bytes, has ${compact.length}`,
    );
  const scalar = (at: number, field: string) => parseScalar(compact.slice(at, at + 32), `ringSignature.${field}`);
  return {
    tag: checkRecoverable(parsePoint(compact.slice(0, 33), 'ringSignature.tag'), 'ringSignature.tag'),
    c0: scalar(33, 'c0'),
    s: Array.from({ length: ringSize }, (_, i) => scalar(65 + 32 * i, `s[${i}]`)),
  };
}

interface OpenRing {
  keys: Point[];
  bases: CurveHash[];
}

function openRing(statement: RingStatement): OpenRing {
  const { xs, slot, tagDomain: domain, message } = statement;
  if (checkBytes(message, 'message').length !== 32) throw new CryptoError('bad-hash', 'message', 'must be 32 bytes');
  if (new Set(checkRing(xs)).size !== xs.length) throw new CryptoError('bad-ring', 'xs', 'names a deed twice');
  return {
    keys: xs.map((x, i) => checkRecoverable(liftX(x, `xs[${i}]`), `xs[${i}]`)),
    bases: xs.map((x) => tagBase(domain, x, slot)),
  };
}

function checkRing(xs: readonly bigint[]): readonly bigint[] {
  const size = Array.isArray(xs) ? xs.length : 0;
  if (size < FEWEST_DEEDS || size > MOST_DEEDS)
    throw new CryptoError('bad-ring', 'xs', `must name ${FEWEST_DEEDS} to ${MOST_DEEDS} deeds`);
  return xs;
}

/** L_i = s_i·G + c_i·P_i and R_i = s_i·Hp(P_i, slot) + c_i·I, of published scalars: variable time. */
function links(
  ring: OpenRing,
  tag: Point,
  place: number,
  s: bigint,
  c: bigint,
  right: RightLink = rightLink,
): [Point, Point] {
  return [combinePublic(G, s, ring.keys[place]!, c), right(ring.bases[place]!.point, s, tag, c)];
}

function transcriptHead(statement: RingStatement, tag: Point): Uint8Array {
  return concat(ascii('cpds/v1/lsag'), statement.message, ringHash(statement.slot, statement.xs), xy(tag));
}

/** c_{i+1} = keccak256("cpds/v1/lsag" ‖ m ‖ ringHash ‖ I ‖ addr(L_i) ‖ R_i) mod n. */
function nextChallenge(statement: RingStatement, tag: Point, L: Point, R: Point): bigint {
  return challenge(keccak256(transcriptHead(statement, tag), addressOf(L), xy(R)));
}
