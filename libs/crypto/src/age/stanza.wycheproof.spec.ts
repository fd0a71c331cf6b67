/**
 * Wycheproof's X25519, by way of `unwrapStanza`: the case's public key as an ephemeral share, its private one as an identity. The
 * stanza is sealed here from the case's shared secret by node:crypto, after c2sp.org/age, so it opens only where both agree.
 * A shared secret of zeros ("acceptable" there) must be refused: such a share gives everybody one key.
 */

import { createCipheriv, hkdfSync } from 'node:crypto';
import { x25519 } from '@noble/curves/ed25519.js';
import { base64nopad } from '@scure/base';
import { CryptoError } from '../crypto-error.js';
import { hex, isDeep, nameOf, readWycheproof } from '../testing/vectors.js';
import { encodeIdentity } from './recipient.js';
import { unwrapStanza } from './stanza.js';

const cases = readWycheproof<'public' | 'private' | 'shared'>('x25519');
const fileKey = new Uint8Array(16).fill(6);
const isZero = (one: (typeof cases)[number]): boolean => /^0*$/.test(one.shared);

/** The stanza that the share's owner would have written for the holder of `secret`. */
function stanzaOf(one: (typeof cases)[number]): { args: string[]; body: Uint8Array } {
  const share = hex(one.public);
  const salt = Buffer.concat([share, x25519.getPublicKey(hex(one.private))]);
  const key = hkdfSync('sha256', hex(one.shared), salt, 'age-encryption.org/v1/X25519', 32);
  const cipher = createCipheriv('chacha20-poly1305', Buffer.from(key), new Uint8Array(12), { authTagLength: 16 });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  return { args: ['X25519', base64nopad.encode(share)], body };
}

/** `opened`, `not for this key` or the code of the refusal. */
function outcome(one: (typeof cases)[number]): string {
  try {
    const opened = unwrapStanza(stanzaOf(one), encodeIdentity(hex(one.private)));
    return opened !== null && Buffer.from(opened).equals(fileKey) ? 'opened' : 'not for this key';
  } catch (cause) {
    if (cause instanceof CryptoError) return cause.code;
    throw cause;
  }
}

describe('X25519 in a stanza (Wycheproof)', () => {
  const zero = cases.filter(isZero);
  const valid = cases.filter((one) => !isZero(one));
  const good = valid.filter((one) => isDeep || !one.flags.includes('EdgeCaseMultiplication'));

  it(`opens ${good.length} of ${valid.length}, among them non-canonical and twisted shares`, () =>
    expect(good.filter((one) => outcome(one) !== 'opened').map(nameOf)).toEqual([]));

  it(`refuses ${zero.length} shares of low order`, () =>
    expect(zero.filter((one) => outcome(one) !== 'bad-age-header').map(nameOf)).toEqual([]));
});
