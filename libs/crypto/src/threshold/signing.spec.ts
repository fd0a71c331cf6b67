import fc from 'fast-check';
import { parseScalar, scalarBytes } from '../curve.js';
import { sha256 } from '../hash.js';
import { CryptoError } from '../crypto-error.js';
import { secp256k1_FROST } from '@noble/curves/secp256k1.js';
import type { KeyShare } from './group.js';
import { NONCE_LIFE_MS, NonceVault } from './nonces.js';
import {
  combineSignature,
  drawNonces,
  isGroupSignature,
  isSignatureShare,
  signShare,
  signatureWords,
} from './signing.js';
import { attempt, generate, subsets } from './test-group.js';

const digest = sha256(Uint8Array.of(1, 2, 3));
const keys = generate(attempt('signing', 5, 3));
const group = keys[0]!.group;

function round(some: readonly KeyShare[], message = digest) {
  const nonces = some.map((key) => drawNonces(key));
  const commitments = nonces.map((one) => one.commitment);
  return { nonces, commitments, sign: () => some.map((key, i) => signShare(key, nonces[i]!, commitments, message)) };
}

describe('threshold signatures', () => {
  it('every subset of size t signs', () => {
    for (const some of subsets(keys, 3)) {
      const { commitments, sign } = round(some);
      const result = combineSignature(group, commitments, digest, sign());
      expect('signature' in result && isGroupSignature(group.publicKey, digest, result.signature)).toBe(true);
    }
  });

  it('no subset below t signs: neither here nor with the bare library', () => {
    for (const some of [...subsets(keys, 2), ...subsets(keys, 1)]) {
      expect(() => round(some).sign()).toThrow(/must be exactly 3/);
      // Without our refusal: shares of fewer than t interpolate to another key.
      const loose = some.map((key) => ({ ...key, group: { ...group, threshold: some.length } }));
      if (some.length < 2) continue;
      const { commitments, sign } = round(loose);
      expect(() => combineSignature(loose[0]!.group, commitments, digest, sign())).toThrow(
        'publicKey: is not that of the verification shares',
      );
    }
  });

  it('a signature is for one digest and one key, and any changed byte breaks it', () => {
    const { commitments, sign } = round(keys.slice(0, 3));
    const result = combineSignature(group, commitments, digest, sign());
    if (!('signature' in result)) throw new Error('did not sign');
    const { signature } = result;
    expect(isGroupSignature(group.publicKey, sha256(digest), signature)).toBe(false);
    expect(isGroupSignature(generate(attempt('other', 5, 3))[0]!.group.publicKey, digest, signature)).toBe(false);
    expect(isGroupSignature(group.publicKey, digest, signature.subarray(1))).toBe(false);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = signature.slice();
        changed[at]! ^= change;
        expect(isGroupSignature(group.publicKey, digest, changed)).toBe(false);
      }),
      { numRuns: 40 },
    );
    expect(signatureWords(signature).z).toBe(parseScalar(signature.subarray(33), 'z'));
  });

  it('names every member whose share is bad or missing', () => {
    const some = [keys[0]!, keys[2]!, keys[4]!];
    const { commitments, sign } = round(some);
    const shares = sign();
    const bad = { index: 3, share: scalarBytes(parseScalar(shares[1]!.share, 's') + 1n) };
    expect(combineSignature(group, commitments, digest, [shares[0]!, bad])).toEqual({ culprits: [3, 5] });
    expect(isSignatureShare(group, commitments, digest, bad)).toBe(false);
    expect(isSignatureShare(group, commitments, digest, { index: 3, share: new Uint8Array(32) })).toBe(false);
    expect(isSignatureShare(group, commitments, digest, { index: 2, share: shares[0]!.share })).toBe(false);
  });

  it('signs only with commitments of members, each once, its own bit-equal, and names strangers', () => {
    const { nonces, commitments } = round(keys.slice(0, 3));
    const sign = (list: typeof commitments) => () => signShare(keys[0]!, nonces[0]!, list, digest);
    const [own, second, third] = commitments as [
      (typeof commitments)[0],
      (typeof commitments)[0],
      (typeof commitments)[0],
    ];
    expect(sign([own, second, { ...third, index: 9 }])).toThrow('index: is not in the current epoch (by member 9)');
    expect(sign([own, second, second])).toThrow('commitments: holds one signer twice (by member 2)');
    expect(sign([own, second])).toThrow(/must be exactly 3/);
    expect(sign([{ ...own, hiding: own.binding }, second, third])).toThrow(/does not hold the own commitment/);
    expect(sign([drawNonces(keys[3]!).commitment, second, third])).toThrow(/does not hold the own commitment/);
    expect(sign([own, second, { ...third, binding: new Uint8Array(33) }])).toThrow(
      'binding: is not a point of the group (by member 3)',
    );
    expect(sign(commitments)).not.toThrow();
    expect(sign(commitments)).toThrow('nonces: have signed already');
  });

  it('signs 32-byte digests only', () => {
    const { nonces, commitments } = round(keys.slice(0, 3));
    expect(() => signShare(keys[0]!, nonces[0]!, commitments, new Uint8Array(31))).toThrow(/must be 32 bytes/);
  });

  it('makes what the standard suite verifies', () => {
    const { commitments, sign } = round(keys.slice(1, 4));
    const result = combineSignature(group, commitments, digest, sign());
    expect(
      'signature' in result &&
        secp256k1_FROST.verify(Uint8Array.from(result.signature), digest, Uint8Array.from(group.publicKey)),
    ).toBe(true);
  });
});

describe('signing nonces', () => {
  const key = keys[0]!;
  const spentIds = () => {
    const ids = new Set<string>();
    return {
      spend: (id: string) =>
        ids.has(id) ? Promise.reject(new Error(`spent: ${id}`)) : Promise.resolve(void ids.add(id)),
    };
  };

  it('leave the vault once', async () => {
    const vault = new NonceVault(() => 0);
    const { commitment } = vault.commit('session', key);
    const spent = spentIds();
    const [first, second] = await Promise.allSettled([vault.take('session', spent), vault.take('session', spent)]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { commitment } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'nonces-gone' } });
  });

  it('die after 60 seconds', async () => {
    let now = 0;
    const vault = new NonceVault(() => now);
    vault.commit('session', key);
    now = NONCE_LIFE_MS - 1;
    const another = new NonceVault(() => now);
    another.commit('session', key);
    now = NONCE_LIFE_MS;
    await expect(vault.take('session', spentIds())).rejects.toThrow(CryptoError);
    await expect(another.take('session', spentIds())).resolves.toBeDefined();
  });

  it('of one session are replaced by the next pair', async () => {
    const vault = new NonceVault(() => 0);
    const older = vault.commit('session', key);
    const newer = vault.commit('session', key);
    expect(newer.nonceId).not.toBe(older.nonceId);
    expect((await vault.take('session', spentIds())).commitment).toEqual(newer.commitment);
  });

  it('are destroyed unused when their id was spent before: a restored snapshot cannot sign', async () => {
    const spent = spentIds();
    const vault = new NonceVault(() => 0);
    const { nonceId } = vault.commit('session', key);
    await spent.spend(nonceId);
    await expect(vault.take('session', spent)).rejects.toThrow(`spent: ${nonceId}`);
    await expect(vault.take('session', spent)).rejects.toMatchObject({ code: 'nonces-gone' });
  });

  it('have other ids in another run', () => {
    const one = new NonceVault(() => 0);
    const other = new NonceVault(() => 0);
    expect(one.bootId).not.toBe(other.bootId);
    expect(one.commit('s', key).nonceId).not.toBe(other.commit('s', key).nonceId);
    expect(one.commit('s', key).nonceId).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
