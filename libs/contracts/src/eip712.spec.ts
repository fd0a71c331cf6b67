import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SigningKey, computeAddress } from 'ethers';
import { pointFromHex } from '@cpds/crypto/curve';
import {
  answerDigest,
  capsuleLabel,
  chainUid,
  fetchDigest,
  fromGrantData,
  giveBackDigest,
  grantDigestWithoutKey,
  grantId,
  mintDigest,
  notMappedDigest,
  partialDigest,
  recipientAddress,
  revokeDigest,
  toGrantData,
  type Grant,
  type Hex,
} from './index.js';

const vectorsFile = fileURLToPath(new URL('../../crypto/vectors/cpds-v1.json', import.meta.url));
const vectors = JSON.parse(readFileSync(vectorsFile, 'utf8'));
const v = vectors.grant;
const x = (hex: string): Hex => `0x${hex}`;
const home = x(vectors.chainUid);
const id = x(v.grantId);
const grant: Grant = v.typed;

describe('typed messages against the vectors', () => {
  it('names a chain by its id and genesis', () => {
    expect(chainUid(vectors.chainId, vectors.genesisHash)).toBe(home);
  });

  it('names a grant by its digest, with and without the sealed key', () => {
    expect(grantId(home, grant)).toBe(id);
    expect(grantDigestWithoutKey(home, grant)).toBe(x(v.digestWithoutKey));
  });

  it('labels the capsule', () => {
    const { x: px, y: py } = pointFromHex(v.Y, 'Y').toAffine();
    expect(capsuleLabel(x(v.digestWithoutKey), x(v.keyId), { x: px, y: py })).toBe(x(v.label));
  });

  it('digests the statements of the home chain', () => {
    expect(revokeDigest(home, id)).toBe(x(v.digests.revoke));
    expect(giveBackDigest(home, id)).toBe(x(v.digests.giveBack));
    expect(notMappedDigest(home, grant.lockedAccount, id)).toBe(x(v.digests.notMapped));
    const objectId = x('11'.repeat(32));
    const nonce = x('22'.repeat(16));
    expect(fetchDigest(home, { grantId: id, objectId, from: 0, to: 1048575, nonce, expires: 1800000060 })).toBe(
      x(v.digests.fetch),
    );
  });

  it('digests the mint under the destination chain', () => {
    expect(mintDigest(grant.destinationUid, grant.mappedDeeds, id)).toBe(x(v.digests.mint));
  });

  it('digests the statements of the hub', () => {
    const first = v.partials[0];
    expect(
      partialDigest(x(v.hubUid), {
        grantId: id,
        epoch: v.epoch,
        index: first.i,
        sealedKeyHash: grant.sealedKeyHash,
        w: x(first.W),
        c: x(first.c),
        s: x(first.s),
        lockBlock: x('33'.repeat(32)),
        mintBlock: x('44'.repeat(32)),
      }),
    ).toBe(x(v.digests.partial));
    expect(answerDigest(x(v.hubUid), { grantId: id, action: 'release', verdict: 'revoked' })).toBe(x(v.digests.answer));
  });

  it('gives another digest on another chain', () => {
    expect(grantId(grant.destinationUid, grant)).not.toBe(id);
  });
});

describe('a grant as calldata', () => {
  it('comes back as it went', () => {
    expect(fromGrantData(toGrantData(grant))).toEqual(grant);
  });

  it('belongs to the address of Q', () => {
    expect(recipientAddress(grant)).toBe(x(v.recipient));
    expect(computeAddress(new SigningKey(x(v.q))).toLowerCase()).toBe(x(v.recipient));
  });

  it('refuses a tag off the curve and names it', () => {
    expect(() => toGrantData({ ...grant, tag: `0x02${'00'.repeat(31)}05` })).toThrow(/^tag: /);
  });
});
