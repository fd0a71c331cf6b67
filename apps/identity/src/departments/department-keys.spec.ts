import { randomBytes } from 'node:crypto';
import * as age from '@cpds/crypto/age';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { verifyOpen } from '@cpds/crypto/capsule';
import { compressed, G, parseScalar, pointFromHex } from '@cpds/crypto/curve';
import { fetchDigest, giveBackDigest, recipientAddress, signerOf } from '@cpds/contracts';
import { sealedGrant } from '../testing/sealed-grant.js';
import { DepartmentKeys, newDepartmentSecrets } from './department-keys.js';

const department = new DepartmentKeys(newDepartmentSecrets(randomBytes));
const { fileKey, ...sealed } = sealedGrant(department.metaAddress, `0x${'02'.repeat(32)}`);
const { grant, grantId, homeUid } = sealed;
const ownKey = () => department.find(grant)!;

describe('a grant to a department', () => {
  it('is served by custody: scan, proof of q, fetch and give-back', () => {
    expect(department.find(grant)).toBeDefined();
    expect(department.find({ ...grant, recipientKey: grant.tag })).toBeUndefined();
    const { qBar, proof } = ownKey().prove(grantId, randomBytes);
    const open = {
      qBar: pointFromHex(qBar, 'qBar'),
      proof: { c: parseScalar(fromHex(proof.c, 'c'), 'c'), s: parseScalar(fromHex(proof.s, 's'), 's') },
    };
    expect(verifyOpen(pointFromHex(grant.recipientKey, 'Q'), fromHex(grantId, 'grantId', 32), open)).toBe(true);
    const fetch = {
      grantId,
      objectId: `0x${'03'.repeat(32)}` as const,
      from: 0,
      to: 99,
      nonce: `0x${'01'.repeat(16)}` as const,
      expires: 60,
    };
    const signature = ownKey().signFetch(homeUid, grant, fetch);
    expect(signerOf(fetchDigest(homeUid, fetch), signature)).toBe(recipientAddress(grant));
    expect(() => ownKey().signFetch(homeUid, grant, { ...fetch, grantId: `0x${'01'.repeat(32)}` })).toThrow(
      'fetch.grantId is not the id of the grant',
    );
    const back = ownKey().signGiveBack(homeUid, grant);
    expect(signerOf(giveBackDigest(homeUid, grantId), back)).toBe(recipientAddress(grant));
  });

  it('gives its file key to an age recipient, for this grant and with the storemen’s W only', () => {
    const identity = age.encodeIdentity(new Uint8Array(randomBytes(32)));
    const input = { ...sealed, ageRecipient: age.recipientOf(identity) };
    const stanza = age.parseStanza(ownKey().open(input).split('\n')).stanza;
    expect(age.unwrapStanza(stanza, identity)).toEqual(fileKey);
    expect(() => ownKey().open({ ...input, w: to0x(compressed(G)) })).toThrow('W: does not open this capsule');
    expect(() => ownKey().open({ ...input, grant: { ...grant, sealedKeyHash: `0x${'01'.repeat(32)}` } })).toThrow(
      'capsule is not the one the grant names',
    );
    expect(() => ownKey().open({ ...input, grant: { ...grant, slot: grant.slot ^ 1 } })).toThrow(
      'capsule was not sealed for this grant and key',
    );
  });
});
