/** A group, a grant and its capsule, made up for the tests of signing and release. */

import { fromHex, to0x, u256, utf8 } from '@cpds/crypto/bytes';
import { proveOpen, sealCapsule, sealedKeyHash } from '@cpds/crypto/capsule';
import { compressed, G, pointFromHex } from '@cpds/crypto/curve';
import * as generation from '@cpds/crypto/generation';
import type { KeyShare } from '@cpds/crypto/group';
import { sha256 } from '@cpds/crypto/hash';
import {
  capsuleLabel,
  grantDigestWithoutKey,
  grantId as grantIdOf,
  keyIdOf,
  type Grant,
  type Hex,
} from '@cpds/contracts';
import { randomBytes } from 'node:crypto';
import { computeAddress, SigningKey } from 'ethers';
import type { ConsortiumView, Group, Hospital, Operator } from '../chains/consortium-view.js';

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const word = (text: string): Hex => to0x(sha256(utf8(text)));
const address = (text: string): Hex => `0x${word(text).slice(-40)}`;

export const homeUid = word('north chain');
export const destinationUid = word('south chain');
export const hubUid = word('hub chain');

/** All shares of a key that five storemen generated, three of them acting together. */
export function generateKey(name: string, members: readonly Operator[]): { group: Group; shares: KeyShare[] } {
  const attemptId = word(name);
  const parameters = { attemptId: fromHex(attemptId, 'attemptId', 32), n: members.length, threshold: 3 };
  const dealings = members.map((_, i) => generation.deal(parameters, i + 1, sha256(utf8(`${name} ${i}`))));
  const all = dealings.map((one) => one.commitments);
  const sent = dealings.flatMap((dealing) => generation.dealtShares(parameters, dealing, all));
  const shares = dealings.map((dealing) => {
    const { dealer } = dealing.commitments;
    return generation.finish(
      parameters,
      dealing,
      all,
      sent.filter((share) => share.receiver === dealer),
    );
  });
  const { publicKey, verificationShares } = shares[0]!.group;
  const group: Group = {
    purpose: name === 'seal' ? 'seal' : 'sign',
    keyId: keyIdOf(attemptId) as Hex,
    y: to0x(publicKey),
    epoch: 1,
    threshold: 3,
    members: members.map((member, i) => ({
      ...member,
      index: i + 1,
      verificationShare: to0x(verificationShares.get(i + 1)!),
    })),
  };
  return { group, shares };
}

/** An operator called `party` and the secret of its message key. */
export function operator(party: string): { operator: Operator; messageSecret: Uint8Array } {
  const messageSecret = random(32);
  const messageKey = computeAddress(new SigningKey(messageSecret)).toLowerCase() as Hex;
  return { operator: { party, account: address(party), messageKey, hpkeKey: `0x04${'00'.repeat(64)}` }, messageSecret };
}

/** North and south with contracts that hold these keys. */
export function viewOf(
  storemen: Operator[],
  hospitals: Record<'north' | 'south', Operator>,
  groups: { sign: Group; seal: Group },
): ConsortiumView {
  const { sign, seal } = groups;
  const hospital = (party: 'north' | 'south', chainUid: Hex): Hospital => ({
    party,
    chainUid,
    finality: { kind: 'depth', depth: 2 },
    blockSeconds: 1,
    maxHeadAge: 10,
    w: 10,
    deedRegistry: address('deeds'),
    keyRegistry: address('keys'),
    checkpointAnchor: address('anchor'),
    announcer: address('announcer'),
    metaAddresses: address('meta'),
    lockedAccount: address(`lock ${party}`),
    mappedDeeds: address(`map ${party}`),
    signKeyId: sign.keyId,
    sealKeyId: seal.keyId,
    lockedAccounts: [address(`lock ${party}`)],
    allMappedDeeds: [address(`map ${party}`)],
    logAccount: address(`log ${party}`),
    messageKey: hospitals[party].messageKey,
    hpkeKey: `0x04${'00'.repeat(64)}`,
    exchangeUrl: 'https://127.0.0.1/',
    isPaused: false,
  });
  return {
    hub: { chainUid: hubUid, w: 10, blockSeconds: 1, maxHeadAge: 10 },
    hospitals: [hospital('north', homeUid), hospital('south', destinationUid)],
    storemen,
    vouchers: [],
    vouchesNeeded: 2,
    groups: [sign, seal],
  };
}

/** A grant from north to south, the capsule it names, and q, which only a test may hold. */
export function makeGrant(seal: Group, now: number) {
  const q = 0x1234567n + BigInt(to0x(random(16)));
  const fileKey = random(16);
  const draft: Grant = {
    nonce: to0x(random(32)),
    lockedAccount: address('lock north'),
    destinationUid,
    mappedDeeds: address('map south'),
    slot: 7,
    tag: to0x(compressed(G.multiply(77n))),
    recipientKey: to0x(compressed(G.multiply(q))),
    ephemeralKey: to0x(compressed(G.multiply(88n))),
    viewTag: '0x01',
    revoker: address('revoker'),
    termsHash: word('terms'),
    sealedKeyHash: `0x${'00'.repeat(32)}`,
    lockBefore: now + 10,
    mintBefore: now + 100,
    notAfter: now + 10_000,
  };
  const ySeal = pointFromHex(seal.y, 'y');
  const label = fromHex(capsuleLabel(grantDigestWithoutKey(homeUid, draft), seal.keyId, ySeal.toAffine()), 'label', 32);
  const capsule = sealCapsule({ fileKey, label, recipientKey: G.multiply(q), ySeal }, random);
  const grant = { ...draft, sealedKeyHash: to0x(sealedKeyHash(capsule)) };
  const grantId = grantIdOf(homeUid, grant) as Hex;
  const { qBar, proof } = proveOpen(q, fromHex(grantId, 'grantId', 32), random);
  return {
    grant,
    grantId,
    capsule: to0x(capsule),
    q,
    fileKey,
    label,
    qBar: to0x(compressed(qBar)),
    proof: { c: to0x(u256(proof.c)), s: to0x(u256(proof.s)) },
  };
}

export type MadeGrant = ReturnType<typeof makeGrant>;
