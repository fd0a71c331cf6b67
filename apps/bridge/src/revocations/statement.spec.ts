import { to0x } from '@cpds/crypto/bytes';
import { addressOf, compressed, G } from '@cpds/crypto/curve';
import { giveBackDigest, grantId as grantIdOf, revokeDigest } from '@cpds/contracts';
import { Statement, type Grant, type Hex } from '@cpds/messages';
import { SigningKey } from 'ethers';
import { checkStatement, grantOf } from './statement.js';

const word = (fill: number, length = 32): Hex => to0x(new Uint8Array(length).fill(fill));
const [revoker, recipient] = [new SigningKey(word(1)), new SigningKey(word(2))];
const homeUid = word(0x11);
const point = to0x(compressed(G));
const grant: Grant = {
  nonce: word(3),
  lockedAccount: word(4, 20),
  destinationUid: word(5),
  mappedDeeds: word(6, 20),
  slot: 7,
  tag: point,
  recipientKey: recipient.compressedPublicKey as Hex,
  ephemeralKey: point,
  viewTag: '0x08',
  revoker: to0x(addressOf(G.multiply(BigInt(revoker.privateKey)))),
  termsHash: word(9),
  sealedKeyHash: word(10),
  lockBefore: 1,
  mintBefore: 2,
  notAfter: 3,
};
const grantId = grantIdOf(homeUid, grant);
const revoke = (uid = homeUid): Statement => ({
  kind: 'revoke',
  grantId,
  homeUid: uid,
  signature: revoker.sign(revokeDigest(uid, grantId)).serialized as Hex,
});

describe('a statement', () => {
  it('is about the known grant, or the one it brings', () => {
    expect(grantOf(revoke(), grant)).toBe(grant);
    expect(grantOf({ ...revoke(), grant }, null)).toBe(grant);
    expect(() => grantOf(revoke(), null)).toThrow('send the full grant along');
    expect(() => grantOf({ ...revoke(), grant: { ...grant, slot: 8 } }, null)).toThrow('grant has another grantId');
  });

  it('names the home chain of the grant: under another no contract would take it', () => {
    const elsewhere = revoke(word(0x12));
    expect(() => grantOf(elsewhere, grant)).toThrow("homeUid is not the grant's home chain");
    expect(() => grantOf({ ...elsewhere, grant }, null)).toThrow('grant has another grantId');
  });

  it('is signed by the revoker, or for a give-back by the recipient', () => {
    const back = { ...revoke(), kind: 'give-back' as const };
    const signature = recipient.sign(giveBackDigest(homeUid, grantId)).serialized as Hex;
    expect(() => checkStatement(revoke(), grant)).not.toThrow();
    expect(() => checkStatement({ ...back, signature }, grant)).not.toThrow();
    expect(() => checkStatement(back, grant)).toThrow('signature is not by the recipient');
    expect(() => checkStatement({ ...revoke(), signature }, grant)).toThrow('signature is not by the revoker');
  });

  it('is refused with another v of the same signature, by schema and by check', () => {
    const good = revoke();
    const parity = good.signature.endsWith('1b') ? 0 : 1;
    for (const v of [parity, 35 + parity, 37 + parity]) {
      const signature = (good.signature.slice(0, -2) + v.toString(16).padStart(2, '0')) as Hex;
      expect(Statement.safeParse({ ...good, signature }).success).toBe(false);
      expect(() => checkStatement({ ...good, signature }, grant)).toThrow('signature is not by the revoker');
    }
  });
});
