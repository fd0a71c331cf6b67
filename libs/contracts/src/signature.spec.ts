import { to0x, toBigInt, fromHex, u256 } from '@cpds/crypto/bytes';
import { addressOf, compressed, G, N } from '@cpds/crypto/curve';
import { SigningKey } from 'ethers';
import { enrolmentDigest, isEnrolmentSigned, isSignedByAccount, isSignedByKey, signDigest, signerOf } from './index.js';

const secret = 5n;
const digest = to0x(u256(7n));
const publicKey = to0x(compressed(G.multiply(secret)));
const address = to0x(addressOf(G.multiply(secret)));
const signature = signDigest(secret, digest);

/** The same key's signature in the form that contracts refuse: the other s, the other v. */
function twinOf(text: string): string {
  const s = toBigInt(fromHex(text.slice(66, 130), 's', 32));
  return `${text.slice(0, 66)}${to0x(u256(N - s)).slice(2)}${text.endsWith('1b') ? '1c' : '1b'}`;
}

describe('a signature over a digest', () => {
  it('is the one that ethers makes', () => {
    expect(signature).toBe(new SigningKey(to0x(u256(secret))).sign(digest).serialized);
  });

  it('names its signer, by key and by account', () => {
    expect(signerOf(digest, signature)).toBe(address);
    expect(isSignedByKey(publicKey, digest, signature)).toBe(true);
    expect(isSignedByAccount(address, digest, signature)).toBe(true);
  });

  it('is of nobody else, and over nothing else', () => {
    const other = G.multiply(6n);
    expect(isSignedByKey(to0x(compressed(other)), digest, signature)).toBe(false);
    expect(isSignedByAccount(to0x(addressOf(other)), digest, signature)).toBe(false);
    expect(isSignedByAccount(address, to0x(u256(8n)), signature)).toBe(false);
  });

  it("is nobody's in another form than contracts take", () => {
    const withV = (v: string) => signature.slice(0, -2) + v;
    const forms = ['', '0x', signature.slice(2), signature.toUpperCase(), `${signature}1b`, twinOf(signature)];
    for (const form of [...forms, withV('00'), withV('01'), withV('25')]) {
      expect(signerOf(digest, form)).toBeUndefined();
      expect(isSignedByKey(publicKey, digest, form)).toBe(false);
      expect(isSignedByAccount(address, digest, form)).toBe(false);
    }
  });

  it('compares with no address in upper case and with no key that is no point', () => {
    expect(isSignedByAccount(address.toUpperCase(), digest, signature)).toBe(false);
    expect(() => isSignedByKey(`0x02${'00'.repeat(31)}05`, digest, signature)).toThrow(/^publicKey: /);
  });
});

describe('an enrolment', () => {
  const word = to0x(u256(9n));
  const enrolment = {
    homeUid: word,
    spendingKey: publicKey,
    viewingKey: publicKey,
    ageRecipient: 'age1',
    authKey: word,
  };
  const signed = signDigest(secret, enrolmentDigest(enrolment));

  it('is signed by its own spending key, as it stands', () => {
    expect(isEnrolmentSigned(enrolment, signed)).toBe(true);
    expect(isEnrolmentSigned({ ...enrolment, authKey: digest }, signed)).toBe(false);
    expect(isEnrolmentSigned(enrolment, signDigest(6n, enrolmentDigest(enrolment)))).toBe(false);
  });
});
