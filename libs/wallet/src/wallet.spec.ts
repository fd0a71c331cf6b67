import { randomBytes } from 'node:crypto';
import * as age from '@cpds/crypto/age';
import { to0x, toHex, u8 } from '@cpds/crypto/bytes';
import { compressed, G } from '@cpds/crypto/curve';
import { newDeedKey, oneTimeSecret, parseMetaAddress } from '@cpds/crypto/stealth';
import { grantId, isEnrolmentSigned, revokeDigest, signerOf } from '@cpds/contracts';
import { Enrolment } from '@cpds/messages';
import { hex, north } from './testing/facts.js';
import { Wallet } from './wallet.js';

const wallet = new Wallet(new Uint8Array(32).fill(5));

describe('wallet', () => {
  it('is the same for the same seed', () => {
    const again = new Wallet(new Uint8Array(32).fill(5));
    expect(again.metaAddress).toBe(wallet.metaAddress);
    expect(again.ageIdentity).toBe(wallet.ageIdentity);
    expect(new Wallet(new Uint8Array(32).fill(6)).metaAddress).not.toBe(wallet.metaAddress);
  });

  it('enrols with a message that its spending key signed', () => {
    const { enrolment, signature } = wallet.enrolment(north.chainUid);
    expect(Enrolment.parse(enrolment)).toEqual(enrolment);
    expect(isEnrolmentSigned(enrolment, signature)).toBe(true);
    expect(isEnrolmentSigned({ ...enrolment, homeUid: hex(9) }, signature)).toBe(false);
    expect(isEnrolmentSigned({ ...enrolment, authKey: hex(9) }, signature)).toBe(false);
    expect(isEnrolmentSigned(enrolment, `0x${'00'.repeat(65)}`)).toBe(false);
    expect(age.decodeRecipient(enrolment.ageRecipient)).toHaveLength(32);
  });

  it('finds its deeds and no others', () => {
    const mine = newDeedKey(parseMetaAddress(wallet.metaAddress), randomBytes);
    const announce = (key: typeof mine) => ({
      ephemeralKey: to0x(compressed(key.ephemeralKey)),
      viewTag: to0x(u8(key.viewTag)),
      deedKey: to0x(compressed(key.key)),
    });
    const own = wallet.own(announce(mine))!;
    expect(G.multiply(own.secret).equals(mine.key)).toBe(true);
    expect(oneTimeSecret(own.secret, 1n)).not.toBe(own.secret);
    const other = new Wallet(new Uint8Array(32).fill(6));
    expect(other.own(announce(mine))).toBeUndefined();
    expect(toHex(compressed(mine.key))).toHaveLength(66);
  });

  it('revokes with the one-time key of the grant, and only its own grants', () => {
    const nonce = randomBytes(32);
    const grant = {
      nonce: to0x(nonce),
      lockedAccount: hex(1, 20),
      destinationUid: hex(2),
      mappedDeeds: hex(3, 20),
      slot: 4,
      tag: to0x(compressed(G)),
      recipientKey: to0x(compressed(G)),
      ephemeralKey: to0x(compressed(G)),
      viewTag: hex(0, 1),
      revoker: wallet.revokerOf(nonce),
      termsHash: hex(5),
      sealedKeyHash: hex(6),
      lockBefore: 1,
      mintBefore: 2,
      notAfter: 3,
    };
    const statement = wallet.revocation(north.chainUid, grant);
    expect(statement).toMatchObject({ kind: 'revoke', grantId: grantId(north.chainUid, grant), grant });
    const digest = revokeDigest(north.chainUid, statement.grantId);
    expect(signerOf(digest, statement.signature)).toBe(grant.revoker);
    expect(() => new Wallet(new Uint8Array(32)).revocation(north.chainUid, grant)).toThrow(
      'grant.revoker is no key of this wallet',
    );
  });
});
