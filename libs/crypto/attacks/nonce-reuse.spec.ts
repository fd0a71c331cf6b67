/**
 * One nonce pair under several packages: a virtual machine restored from a snapshot signs again with the nonces it had
 * (Ristenpart and Yilek, NDSS 2010, on reset machines). Three shares are three linear equations in d, e and λ·x.
 */

import { secp256k1_hasher } from '@noble/curves/secp256k1.js';
import { ascii, concat, fromHex, toBigInt, toHex, u256 } from '../src/bytes.js';
import { G, N, parsePoint, Point, scalarBytes } from '../src/curve.js';
import * as frost from '../src/frost.js';
import { sha256 } from '../src/hash.js';
import { lagrangeAtZero } from '../src/partial.js';
import { attempt, generate } from '../src/threshold/test-group.js';

const context = 'FROST-secp256k1-SHA256-v1'; // RFC 9591 section 6.5
const shares = generate(attempt('nonce reuse', 3, 2)).slice(0, 2);
const [victim, other] = shares as [(typeof shares)[0], (typeof shares)[0]];
const { group } = victim;

/** ρ_i and c of RFC 9591 sections 4.4 to 4.6, computed here and not by the library. */
function publicScalars(commitments: readonly frost.NonceCommitment[], digest: Uint8Array, index: number) {
  const listed = concat(...commitments.map((one) => concat(u256(one.index), one.hiding, one.binding)));
  const hashed = (label: string, bytes: Uint8Array) => sha256(ascii(context + label), bytes);
  const prefix = concat(group.publicKey, hashed('msg', digest), hashed('com', listed));
  const hash = (label: string, bytes: Uint8Array) =>
    secp256k1_hasher.hashToScalar(bytes, { DST: ascii(context + label) });
  const rho = (of: number) => hash('rho', concat(prefix, u256(of)));
  const R = commitments.reduce((sum, one) => {
    const [D, E] = [parsePoint(one.hiding, 'hiding'), parsePoint(one.binding, 'binding')];
    return sum.add(D).add(E.multiply(rho(one.index)));
  }, Point.ZERO);
  return { rho: rho(index), c: hash('chal', concat(R.toBytes(true), group.publicKey, digest)) };
}

describe('a nonce pair that signs three packages', () => {
  it('gives the share away', () => {
    const nonces = frost.drawNonces(victim);
    const rows = [1, 2, 3].map((fill) => {
      const digest = new Uint8Array(32).fill(fill);
      // the memory after each restore
      const restored = {
        commitment: nonces.commitment,
        secret: {
          hiding: Uint8Array.from(nonces.secret.hiding),
          binding: Uint8Array.from(nonces.secret.binding),
        },
      };
      const commitments = [nonces.commitment, frost.drawNonces(other).commitment];
      const z = toBigInt(frost.signShare(victim, restored, commitments, digest).share);
      return { z, ...publicScalars(commitments, digest, victim.index) };
    });
    // z = d + e·ρ + (λ·x)·c: subtract the first from the others, eliminate e.
    const [first, second, third] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]];
    const minus = (a: bigint, b: bigint) => (N + a - b) % N;
    const by = ({ z, rho, c }: typeof first) => [minus(z, first.z), minus(rho, first.rho), minus(c, first.c)] as const;
    const [[z2, r2, c2], [z3, r3, c3]] = [by(second), by(third)];
    const top = minus((z2 * r3) % N, (z3 * r2) % N);
    const bottom = minus((c2 * r3) % N, (c3 * r2) % N);
    const lambda = lagrangeAtZero(victim.index, [victim.index, other.index]);
    const stolen = (top * Point.Fn.inv((bottom * lambda) % N)) % N;
    expect(scalarBytes(stolen)).toEqual(victim.secret);
    expect(G.multiply(stolen).toBytes(true)).toEqual(group.verificationShares.get(victim.index));
  });

  it('does not come about: signing destroys the pair, the vault gives it once, the database refuses its id', async () => {
    const digest = fromHex('ef'.repeat(32), 'digest');
    const nonces = shares.map((share) => frost.drawNonces(share));
    const commitments = nonces.map((one) => one.commitment);
    const signed = shares.map((share, i) => frost.signShare(share, nonces[i]!, commitments, digest));
    expect('signature' in frost.combineSignature(group, commitments, digest, signed)).toBe(true);
    expect(() => frost.signShare(victim, nonces[0]!, commitments, digest)).toThrow('nonces: have signed already');

    const spent = new Set<string>();
    const spend = (id: string) =>
      spent.has(id) ? Promise.reject(new Error('spent before')) : Promise.resolve(void spent.add(id));
    // Two copies of one machine: the same random bytes, so the same boot id and the same nonces.
    const copy = () => {
      let drawn = 0;
      return new frost.NonceVault(
        () => 0,
        (length = 32) => new Uint8Array(length).fill(++drawn),
      );
    };
    const [before, after] = [copy(), copy()];
    for (const vault of [before, after]) vault.commit('session', victim);
    await before.take('session', { spend });
    await expect(before.take('session', { spend })).rejects.toThrow('has no unspent nonces');
    await expect(after.take('session', { spend })).rejects.toThrow('spent before');
  });

  it('does not come about from randomness that repeats itself: no two ids have one pair', () => {
    const stuck = (length = 32) => new Uint8Array(length).fill(7);
    const [first, again] = [frost.drawNonces(victim, stuck), frost.drawNonces(victim, stuck)];
    expect(first.commitment).toEqual(again.commitment); // RFC 9591 section 4.1 alone: two sessions, one pair
    const vault = new frost.NonceVault(() => 0, stuck);
    const points = ['one', 'two', 'three'].flatMap((session) => {
      const { hiding, binding } = vault.commit(session, victim).commitment;
      return [toHex(hiding), toHex(binding)];
    });
    expect(new Set(points).size).toBe(6);
  });

  it('does not come about after a wait either: who is frozen while its store answers wakes up without nonces', async () => {
    let now = 0;
    const vault = new frost.NonceVault(() => now);
    vault.commit('session', victim);
    const frozen = vault.take('session', {
      spend: () => Promise.resolve(void (now = frost.NONCE_LIFE_MS)), // the whole machine stood still, its database too
    });
    await expect(frozen).rejects.toMatchObject({ code: 'nonces-gone' });
  });
});
