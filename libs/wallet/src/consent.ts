/** Consent (protocol section 7): from a checked request and a checked deed to everything the home hospital needs. */

import type { RandomBytes } from '@cpds/crypto';
import { fromHex, to0x, u8 } from '@cpds/crypto/bytes';
import { capsuleLabel as labelBytes, sealCapsule, sealedKeyHash } from '@cpds/crypto/capsule';
import { compressed, pointFromHex, scalarBytes } from '@cpds/crypto/curve';
import { termsHash } from '@cpds/crypto/deed';
import { signRing, tagBase, tagDomain, tagOf } from '@cpds/crypto/ring';
import { newOneTimeKey, parseMetaAddress } from '@cpds/crypto/stealth';
import { grantDigestWithoutKey, grantId as grantIdOf, type Hex } from '@cpds/contracts';
import { conflict, invalid } from '@cpds/errors';
import type { Consent, Grant, WalletParameters } from '@cpds/messages';
import { clockSkewSeconds } from './clock.js';
import type { CheckedDeed } from './deed-check.js';
import { hospitalOn, sealingKeyOf, type HubFacts } from './hub-facts.js';
import type { CheckedRequest } from './request.js';
import { termsOf } from './terms.js';
import type { Wallet } from './wallet.js';

/** What a consent is made from. Request and deed were checked, hub facts read by the wallet itself. */
export interface ConsentInput {
  request: CheckedRequest;
  deed: CheckedDeed;
  parameters: WalletParameters;
  hub: HubFacts;
  /** Least window of the home hospital's LockedAccount. The wallet reads it itself: a false one could hold the deed in a lock. */
  minWindowSeconds: number;
  /** chainUid of the home hospital, pinned at enrolment. */
  homeUid: Hex;
  /** Slots of this deed that earlier grants took. */
  usedSlots: ReadonlySet<number>;
  /** Own clock, seconds. */
  now: number;
  /** Last second the patient allows; the request's end when left out. */
  until?: number;
  /** `promptly` when left out. */
  policy?: TimePolicy;
}

/** Time that a grant gives beyond what its steps need, in case a party is stopped in between. */
export interface TimePolicy {
  /** Seconds added to lockBefore, and so to mintBefore. */
  readonly extraLockSeconds: number;
  /** Seconds added to mintBefore. */
  readonly extraMintSeconds: number;
}

/** Gives no more time than the steps need. */
export const promptly: TimePolicy = { extraLockSeconds: 0, extraMintSeconds: 0 };

/** The body for the home hospital, and the name of the grant. */
export interface MadeConsent {
  grantId: Hex;
  /** Key that the capsule is sealed to: a revocation counts the answers of this key's group. */
  sealKeyId: Hex;
  consent: Consent;
}

/**
 * Makes a consent. Pure but for `random`.
 *
 * @throws AppError `parameters-refused`, `category-differs`, `slots-exhausted`, `window-too-short`
 */
export function consent(wallet: Wallet, input: ConsentInput, random: RandomBytes): MadeConsent {
  const { deed, hub, homeUid, now } = input;
  const { request, from } = input.request;
  const home = hospitalOn(hub, homeUid);
  checkParameters(input);
  if (request.category !== deed.deed.metadata.category)
    throw invalid('category-differs', 'request.category', 'request.category is not that of the record');
  const key = sealingKeyOf(hub, home, from);

  const until = Math.min(input.until ?? request.period.end, request.period.end);
  const { lockBefore, mintBefore } = windows(input, home.wSeconds, hub.wSeconds, from.wSeconds);
  if (mintBefore >= until)
    throw invalid('window-too-short', 'until', 'until leaves no time to lock, vouch and map the record');

  const nonce = random(32);
  const slot = freeSlot(input.usedSlots, random);
  const lockedAccount = fromHex(home.lockedAccount, 'lockedAccount', 20);
  const domain = tagDomain(fromHex(homeUid, 'homeUid', 32), lockedAccount);
  const tag = tagOf(tagBase(domain, deed.x, slot), deed.secret);
  const recipient = newOneTimeKey(parseMetaAddress(request.metaAddress), random);
  const salt = random(32);
  const terms = termsOf(request, deed.deed.commitment, now, until);

  const open: Grant = {
    nonce: to0x(nonce),
    lockedAccount: home.lockedAccount,
    destinationUid: from.chainUid,
    mappedDeeds: from.mappedDeeds,
    slot,
    tag: to0x(compressed(tag)),
    recipientKey: to0x(compressed(recipient.key)),
    ephemeralKey: to0x(compressed(recipient.ephemeralKey)),
    viewTag: to0x(u8(recipient.viewTag)),
    revoker: wallet.revokerOf(nonce),
    termsHash: to0x(termsHash(salt, terms)),
    sealedKeyHash: `0x${'00'.repeat(32)}`,
    lockBefore,
    mintBefore,
    notAfter: until,
  };
  const ySeal = pointFromHex(key.ySeal, 'ySeal');
  // The label is the grant without its capsule: the capsule binds the grant and the grant then names the capsule.
  const digest = fromHex(grantDigestWithoutKey(homeUid, open), 'grantDigest', 32);
  const label = labelBytes(digest, fromHex(key.keyId, 'sealKeyId', 32), ySeal);
  const capsule = sealCapsule({ fileKey: deed.fileKey, label, recipientKey: recipient.key, ySeal }, random);
  const grant: Grant = { ...open, sealedKeyHash: to0x(sealedKeyHash(capsule)) };

  const grantId = grantIdOf(homeUid, grant);
  const message = fromHex(grantId, 'grantId', 32);
  const ring = { message, tagDomain: domain, slot, xs: deed.xs, tag: compressed(tag) };
  const ownership = wallet.proveOwnership(
    { deedX: deed.x, tagDomain: domain, slot, tag, grantId: message },
    deed.sharedScalar,
    random,
  );
  return {
    grantId,
    sealKeyId: key.keyId,
    consent: {
      grant,
      ringSignature: to0x(signRing(ring, deed.secret, random)),
      ownershipProof: {
        deedKey: deed.deed.deedKey,
        spendingKey: to0x(compressed(ownership.spendingKey)),
        sharedSecret: to0x(scalarBytes(ownership.sharedScalar)),
        proof: { c: to0x(scalarBytes(ownership.c)), s: to0x(scalarBytes(ownership.s)) },
      },
      capsule: to0x(capsule),
      terms,
      salt: to0x(salt),
    },
  };
}

/**
 * lockBefore = time(A) + 3·w(A): before the lock the consent travels to A, A asks B and B answers, each of them as slow
 * as a step may be. mintBefore leaves minWindow (the contract's measure) and all three w (A's, the wallet's and the
 * storemen's) after the *latest* block the lock can be in, so that a late lock can still be mapped.
 */
function windows(input: ConsentInput, wHome: number, wHub: number, wDestination: number) {
  const { homeTime } = input.parameters;
  const { extraLockSeconds, extraMintSeconds } = input.policy ?? promptly;
  const lockBefore = homeTime + lockSteps * wHome + extraLockSeconds;
  const window = Math.max(input.minWindowSeconds, wHome + wHub + wDestination);
  return { lockBefore, mintBefore: lockBefore + window + extraMintSeconds };
}

/** Steps, each w(A) long, that must fit before lockBefore. */
const lockSteps = 3;

/** Checks what the home hospital says of time and contracts against the hub and the own clock. */
function checkParameters({ parameters, minWindowSeconds, hub, homeUid, now }: ConsentInput): void {
  const home = hospitalOn(hub, homeUid);
  const wrong = (field: string, reason: string) =>
    invalid('parameters-refused', `parameters.${field}`, `parameters.${field} ${reason}`);
  if (parameters.homeUid !== homeUid) throw wrong('homeUid', 'is not the chain pinned at enrolment');
  if (parameters.hubUid !== hub.hubUid) throw wrong('hubUid', 'is not the hub pinned at enrolment');
  if (parameters.lockedAccount !== home.lockedAccount) throw wrong('lockedAccount', 'is not the one the hub names');
  if (parameters.minWindowSeconds !== minWindowSeconds)
    throw wrong('minWindowSeconds', 'is not what LockedAccount holds');
  // A clock that runs ahead would make the grant live longer than the patient was told.
  if (parameters.homeTime > now + clockSkewSeconds) throw wrong('homeTime', 'is ahead of the own clock');
  if (parameters.homeTime < now - clockSkewSeconds - home.rules.maxHeadAgeSeconds) throw wrong('homeTime', 'is stale');
}

/** Draws a slot evenly among the unused: a counter would tell how often a deed was shared. */
export function freeSlot(used: ReadonlySet<number>, random: RandomBytes): number {
  const free = Array.from({ length: 256 }, (_, slot) => slot).filter((slot) => !used.has(slot));
  if (free.length === 0)
    throw conflict('slots-exhausted', 'this deed has no unused slot: the hospital must re-issue it');
  // Rejection keeps the draw even where 256 is no multiple of the number of free slots.
  const limit = 256 - (256 % free.length);
  for (let draw = 0; draw < 1024; draw++) {
    const byte = random(1)[0]!;
    if (byte < limit) return free[byte % free.length]!;
  }
  throw invalid('bad-randomness', 'random', 'random repeats itself');
}
