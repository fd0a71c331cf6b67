/** Facts for tests: a hub, a home hospital with one deed of the patient, and a request by another hospital. */

import { randomBytes } from 'node:crypto';
import * as age from '@cpds/crypto/age';
import { fromHex, to0x, toBigInt, u256, u8 } from '@cpds/crypto/bytes';
import { cohortWord, commitmentsHash, inCohortOrder } from '@cpds/crypto/cohort';
import { addressOf, compressed, G } from '@cpds/crypto/curve';
import { keyCommit, recordCommitment } from '@cpds/crypto/deed';
import { paddingDeed } from '@cpds/crypto/ring';
import { formatMetaAddress, metaAddressOf, newDeedKey, parseMetaAddress } from '@cpds/crypto/stealth';
import { signDigest, type Hex } from '@cpds/contracts';
import {
  datagramDigest,
  requestHash,
  type ShareRequest,
  type WalletDeed,
  type WalletParameters,
  type WalletRequest,
} from '@cpds/messages';
import type { CohortFacts } from '../deed-check.js';
import type { HubFacts } from '../hub-facts.js';
import type { Wallet } from '../wallet.js';

export const now = 1_800_000_000;
export const hex = (fill: number, length = 32): Hex => to0x(new Uint8Array(length).fill(fill));
export const southKey = 4711n;
export const ySealSecret = 99n;
/** Key of south's department that asks. */
export const departmentSecrets = { spending: 501n, viewing: 502n };
export const department = metaAddressOf(departmentSecrets);

const addressOfKey = (secret: bigint): Hex => to0x(addressOf(G.multiply(secret)));
export const storemanKeys = [61n, 62n, 63n, 64n, 65n];

export const hub: HubFacts = {
  hubUid: hex(3),
  wSeconds: 10,
  hospitals: (['north', 'south'] as const).map((name, i) => ({
    name,
    chainUid: hex(i + 1),
    messageKey: addressOfKey(name === 'south' ? southKey : 4710n),
    wSeconds: 10,
    rules: { finality: { kind: 'depth', depth: 2 }, blockSeconds: 1, maxHeadAgeSeconds: 10 },
    deedRegistry: hex(0x10 + i, 20),
    lockedAccount: hex(0x20 + i, 20),
    mappedDeeds: hex(0x30 + i, 20),
    sealKeyId: hex(9),
  })),
  sealing: [
    {
      keyId: hex(9),
      ySeal: to0x(compressed(G.multiply(ySealSecret))),
      epoch: 1,
      threshold: 3,
      members: storemanKeys.map((secret, i) => ({
        index: i + 1,
        name: `storeman-${i + 1}`,
        messageKey: addressOfKey(secret),
      })),
    },
  ],
};
export const [north, south] = hub.hospitals as [HubFacts['hospitals'][0], HubFacts['hospitals'][0]];

export const parameters: WalletParameters = {
  homeUid: north.chainUid,
  hubUid: hub.hubUid,
  lockedAccount: north.lockedAccount,
  homeTime: now,
  minWindowSeconds: 30,
  wSeconds: { home: 10, hub: 10, destinations: { [south.chainUid]: 10 } },
  revocationUrls: ['http://127.0.0.1:1/'],
};

/** The wallet's patient, as both hospitals know them, and their home. */
export const own = { home: north.name, identifiers: [{ system: 'urn:oid:1', value: 'P-1' }] };

/** A request that south signed to `to`; `change` alters what was asked before it is signed. */
export function request(change: Partial<ShareRequest> = {}, to = north.name): WalletRequest {
  const asked: ShareRequest = {
    requestId: '0b5f1f9e-6d0b-4a53-9d4b-2f1f3f1d7a11',
    patient: { system: 'urn:oid:1', value: 'P-1' },
    category: 'cardiology',
    department: { id: '5b2c5f54-2a40-4f5e-8b06-0c4b8f5b0b11', name: 'Cardiology' },
    metaAddress: formatMetaAddress(department),
    purpose: 'TREAT',
    period: { start: now, end: now + 3600 },
    requestExpires: now + 3600,
    destinationUid: south.chainUid,
    mappedDeeds: south.mappedDeeds,
    ...change,
  };
  const salt = to0x(randomBytes(32));
  const unsigned = {
    id: '3f1f9e0b-0b6d-4a53-9d4b-7a112f1f3f1d',
    from: 'south',
    to,
    grantId: asked.requestId,
    kind: 'request' as const,
    sentAt: now,
    body: {
      requestId: asked.requestId,
      requestHash: requestHash({ request: asked, salt }),
      sealed: hex(0, 1),
    },
  };
  const sig = signDigest(southKey, to0x(datagramDigest(unsigned)));
  return { requestId: asked.requestId, from: 'south', request: asked, salt, datagram: { ...unsigned, sig } };
}

/** A deed of the wallet's, as its hospital minted and shows it. */
export function mint(wallet: Pick<Wallet, 'ageRecipient' | 'metaAddress'>): {
  deed: WalletDeed;
  cohort: CohortFacts;
  fileKey: Uint8Array;
} {
  const fileKey = new Uint8Array(randomBytes(16));
  const hospitalAge = age.recipientOf(age.encodeIdentity(new Uint8Array(randomBytes(32))));
  const header = age.serializeHeader(age.createHeader(fileKey, [wallet.ageRecipient, hospitalAge]));
  const metadata = { contentType: 'application/fhir+json' as const, sizeBytes: 1000, category: 'cardiology' };
  const [payloadHash, salt] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))];
  const commitment = recordCommitment({
    payloadSha256: payloadHash,
    keyCommit: keyCommit(fileKey),
    metadata,
    salt,
  });
  const key = newDeedKey(parseMetaAddress(wallet.metaAddress), randomBytes);
  const cohort = inCohortOrder([
    { x: key.key.toAffine().x, commitment },
    ...Array.from({ length: 15 }, () => ({
      x: paddingDeed(randomBytes(32)).toAffine().x,
      commitment: new Uint8Array(randomBytes(32)),
    })),
  ]);
  const xs = cohort.map(({ x }) => x);
  const commitments = cohort.map((deed) => deed.commitment);
  const hash = commitmentsHash(commitments);
  return {
    fileKey,
    cohort: {
      word: to0x(cohortWord(xs, hash)),
      xs: xs.map((x) => to0x(u256(x))),
      commitments: commitments.map((bytes) => to0x(bytes)),
    },
    deed: {
      recordId: '1c2c5f54-2a40-4f5e-8b06-0c4b8f5b0b12',
      ephemeralKey: to0x(compressed(key.ephemeralKey)),
      viewTag: to0x(u8(key.viewTag)),
      deedKey: to0x(compressed(key.key)),
      cohort: 0,
      xs: xs.map((x) => to0x(u256(x))),
      commitmentsHash: to0x(hash),
      commitment: to0x(commitment),
      payloadHash: to0x(payloadHash),
      metadata,
      salt: to0x(salt),
      header: btoa(String.fromCharCode(...header)),
      ringReal: 5,
    },
  };
}

export const bytesOf = (text: string): Uint8Array => fromHex(text, 'test');

/** The cohort with the commitments at `place` and its neighbour exchanged, as a registry would hold that. */
export function swappedCohort(cohort: CohortFacts, place: number): { cohort: CohortFacts; hash: Hex } {
  const neighbour = (place + 1) % cohort.xs.length;
  const commitments = [...cohort.commitments];
  [commitments[place], commitments[neighbour]] = [commitments[neighbour]!, commitments[place]!];
  const xs = cohort.xs.map((x) => toBigInt(bytesOf(x)));
  const hash = commitmentsHash(commitments.map(bytesOf));
  return { cohort: { ...cohort, commitments, word: to0x(cohortWord(xs, hash)) }, hash: to0x(hash) };
}
