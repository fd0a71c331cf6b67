/**
 * One-time accounts: ERC-5564 scheme 1 (secp256k1 with view tags), and its form for deeds (sections 4 and 12).
 *
 * ```ts
 * import { metaAddressOf, newOneTimeKey, oneTimeSecret, scan } from '@cpds/crypto/stealth';
 * import { G } from '@cpds/crypto/curve';
 * import { randomBytes } from 'node:crypto';
 *
 * const secrets = { spending: 11n, viewing: 12n };
 * const meta = metaAddressOf(secrets);
 * const sent = newOneTimeKey(meta, randomBytes); // by whoever knows the meta-address alone
 * const sharedScalar = scan(secrets.viewing, meta.spendingKey, sent);
 * G.multiply(oneTimeSecret(secrets.spending, sharedScalar!)).equals(sent.key); // true
 * ```
 */

import { normalizeZ } from '@noble/curves/abstract/curve.js';
import { checkBytes, checkList, checkText, concat, equalBytes, fromHex, toBigInt, to0x } from './bytes.js';
import { CryptoError, passes } from './crypto-error.js';
import {
  addressOf,
  checkNonzero,
  checkPoint,
  checkScalar,
  compressed,
  G,
  N,
  parsePoint,
  scalarFrom48,
  Point,
} from './curve.js';
import { keccak256 } from './hash.js';
import { multiplyPublic } from './public-arithmetic.js';
import type { RandomBytes } from './random.js';

/** The public keys that a receiver gives to senders: spending key B and viewing key A. */
export interface MetaAddress {
  spendingKey: Point;
  viewingKey: Point;
}

/** A sender's result: the one-time key, and the data by which the receiver finds it. */
export interface OneTimeKey {
  /** P = B + s·G */
  key: Point;
  /** R = r·G */
  ephemeralKey: Point;
  /** First byte of the unreduced s. */
  viewTag: number;
  /** addr(P), 20 bytes. */
  address: Uint8Array;
  /** s mod n: known to sender and receiver only. With the one-time secret it gives the receiver's spending secret. */
  sharedScalar: bigint;
}

/** The receiver's two secrets, b and a. */
export interface StealthSecrets {
  spending: bigint;
  viewing: bigint;
}

const SCHEME = 'st:eth:';

/** ERC-5564 text form: `st:eth:0x` ‖ compressed B ‖ compressed A. */
export function formatMetaAddress(meta: MetaAddress): string {
  return `${SCHEME}${to0x(concat(compressed(meta.spendingKey), compressed(meta.viewingKey)))}`;
}

/** Parses `formatMetaAddress`, lower-case hex only, so that a meta-address has one text. @throws CryptoError `bad-meta-address`, `bad-hex`, `bad-point` */
export function parseMetaAddress(text: string): MetaAddress {
  if (!checkText(text, 'metaAddress').startsWith(`${SCHEME}0x`))
    throw new CryptoError('bad-meta-address', 'metaAddress', `must begin with ${SCHEME}0x`);
  const digits = text.slice(SCHEME.length + 2);
  if (!/^[0-9a-f]*$/.test(digits)) throw new CryptoError('bad-hex', 'metaAddress', 'is not lower-case hex');
  const bytes = fromHex(digits, 'metaAddress', 66);
  return {
    spendingKey: parsePoint(bytes.slice(0, 33), 'metaAddress.spendingKey'),
    viewingKey: parsePoint(bytes.slice(33), 'metaAddress.viewingKey'),
  };
}

/** B and A of two secrets. */
export function metaAddressOf(secrets: StealthSecrets): MetaAddress {
  // Secret scalars: constant-time ladder.
  return {
    spendingKey: G.multiply(checkScalar(secrets.spending, 'spending')),
    viewingKey: G.multiply(checkScalar(secrets.viewing, 'viewing')),
  };
}

/**
 * The one-time key that ephemeral secret `r` makes for `meta`.
 *
 * @throws CryptoError `bad-scalar` for the r (one in 2^256) whose s is zero mod n or whose P is the identity
 */
export function oneTimeKey(meta: MetaAddress, r: bigint): OneTimeKey {
  checkScalar(r, 'ephemeralSecret');
  const shared = keccak256(compressed(checkNonzero(meta.viewingKey, 'viewingKey').multiply(r))); // secret: constant-time ladder
  const sharedScalar = checkScalar(toBigInt(shared) % N, 'sharedScalar');
  const key = checkNonzero(meta.spendingKey, 'spendingKey').add(G.multiply(sharedScalar)); // known to both sides, but not public
  if (key.is0()) throw new CryptoError('bad-scalar', 'ephemeralSecret', 'gives the identity');
  return { key, ephemeralKey: G.multiply(r), viewTag: shared[0]!, address: addressOf(key), sharedScalar };
}

/** A fresh one-time key for `meta`, for instance the recipient key of a grant (x < n, as every key on chain needs). */
export function newOneTimeKey(meta: MetaAddress, random: RandomBytes): OneTimeKey {
  return drawUntil(meta, random, (key) => key.toAffine().x < N);
}

/** A fresh deed key: drawn again until P has even y and x < n, so that it is one word on chain (section 4). */
export function newDeedKey(meta: MetaAddress, random: RandomBytes): OneTimeKey {
  return drawUntil(meta, random, isDeedKey);
}

/** Even y and x < n, and not the identity, which has neither. */
export function isDeedKey(key: Point): boolean {
  if (checkPoint(key, 'key').is0()) return false;
  const { x, y } = key.toAffine();
  return x < N && (y & 1n) === 0n;
}

function drawUntil(meta: MetaAddress, random: RandomBytes, fits: (key: Point) => boolean): OneTimeKey {
  // Half of all keys fit; 128 misses in a row mean that `random` repeats itself.
  for (let draw = 0; draw < 128; draw++) {
    const candidate = oneTimeKey(meta, scalarFrom48(random(48), 'ephemeralSecret'));
    if (fits(candidate.key)) return candidate;
  }
  throw new CryptoError('bad-randomness', 'random', 'gives no fitting one-time key');
}

/**
 * Scans one announcement with the viewing secret: returns s mod n when it is for (B, a), else undefined. The view tag
 * spares the second multiplication for 255 of 256 foreign announcements.
 */
export function scan(
  viewing: bigint,
  spendingKey: Point,
  announcement: { ephemeralKey: Point; viewTag: number; key: Point },
): bigint | undefined {
  const { ephemeralKey, key } = announcement;
  checkNonzero(spendingKey, 'spendingKey');
  checkPoint(key, 'key');
  checkScalar(viewing, 'viewing');
  const shared = keccak256(compressed(checkNonzero(ephemeralKey, 'ephemeralKey').multiply(viewing))); // secret: constant-time ladder
  if (shared[0] !== announcement.viewTag) return undefined;
  const sharedScalar = toBigInt(shared) % N;
  if (sharedScalar === 0n) return undefined;
  return spendingKey.add(G.multiply(sharedScalar)).equals(key) ? sharedScalar : undefined;
}

/** An entry of an ERC5564Announcer's log, as anybody may have written it. */
export interface Announcement {
  /** R, SEC1 compressed: 33 bytes. */
  ephemeralKey: Uint8Array;
  /** 0..255 */
  viewTag: number;
  /** Of the one-time account, 20 bytes. */
  address: Uint8Array;
}

/** An announcement for this receiver. */
export interface OwnAnnouncement {
  /** Its place in the page. */
  place: number;
  /** s mod n. */
  sharedScalar: bigint;
  /** P = B + s·G. */
  key: Point;
}

/** Announcements of a page: what one call of a node answers, and some MB of points. */
const MOST_ANNOUNCEMENTS = 16_384;

/**
 * Scans a page of announcements for (B, a). Passes over a malformed one as somebody else's: a stranger's junk must not
 * hide the rest. The page shares one field inversion, which a point alone needs before it is hashed.
 */
export function scanPage(viewing: bigint, spendingKey: Point, page: readonly Announcement[]): OwnAnnouncement[] {
  checkNonzero(spendingKey, 'spendingKey');
  checkScalar(viewing, 'viewing');
  const readable = checkList(page, 'page', MOST_ANNOUNCEMENTS).flatMap((announcement, place) => {
    const R = ephemeralPoint(checkBytes(announcement.ephemeralKey, `page[${place}].ephemeralKey`));
    checkBytes(announcement.address, `page[${place}].address`);
    return R === null ? [] : [{ ...announcement, place, shared: R.multiply(viewing) }]; // secret: constant-time ladder
  });
  const shared = normalizeZ(
    Point,
    readable.map((one) => one.shared),
  );
  return readable.flatMap(({ place, viewTag, address }, i) => {
    const s = keccak256(compressed(shared[i]!));
    if (s[0] !== viewTag) return [];
    const sharedScalar = toBigInt(s) % N;
    const key = sharedScalar === 0n ? Point.ZERO : spendingKey.add(G.multiply(sharedScalar));
    return !key.is0() && equalBytes(addressOf(key), address) ? [{ place, sharedScalar, key }] : [];
  });
}

function ephemeralPoint(bytes: Uint8Array): Point | null {
  let point: Point | null = null;
  return passes(() => (point = parsePoint(bytes, 'ephemeralKey'))) ? point : null;
}

/** p = b + s mod n, the secret of a one-time key. Never export it: p and s give b. */
export function oneTimeSecret(spending: bigint, sharedScalar: bigint): bigint {
  return checkScalar(
    (checkScalar(spending, 'spending') + checkScalar(sharedScalar, 'sharedScalar')) % N,
    'oneTimeSecret',
  );
}

/** P = B + s·G, with public s: the check that ties a deed to an enrolled spending key. */
export function isOneTimeKeyOf(spendingKey: Point, sharedScalar: bigint, key: Point): boolean {
  // All inputs are public here, so variable time is fine. Compared as points, since B = −s·G gives the identity, which
  // has no encoding.
  const sG = multiplyPublic(G, checkScalar(sharedScalar, 'sharedScalar'));
  return checkNonzero(spendingKey, 'spendingKey').add(sG).equals(checkNonzero(key, 'key'));
}
