/** Ring signatures and DLEQ proofs (protocol sections 5, 6 and 12), checked by verifiers written in Rust. */

import { readFileSync } from 'node:fs';
import { concat, fromHex, toBigInt, u16, u256, u64, utf8 } from '../src/bytes.js';
import { compressed, G, parsePoint, Point, scalarBytes } from '../src/curve.js';
import { dleqBytes, type DleqUse, proveDleq, verifyDleq } from '../src/dleq.js';
import { keccak256, sha256 } from '../src/hash.js';
import { gBar, signRing, tagBase, tagDomain, tagOf, verifyRing } from '../src/ring.js';
import { Peer, type Commands, type Ring } from './peer.js';

const rust = new Peer();
afterAll(() => rust.close());

type Signed = Commands['ring'][0];
type Dleq = Commands['dleq'][0];

const vectors = JSON.parse(readFileSync(new URL('../vectors/cpds-v1.json', import.meta.url), 'utf8')) as {
  tagDomain: string;
  Gbar: string;
  lsag: RingVector[];
  lsagInvalid: RingVector[];
  dleq: (Record<'message' | 'A' | 'X' | 'B' | 'Z' | 'c' | 's', string> & { use: string })[];
  grant: {
    typed: { recipientKey: string; tag: string; slot: number };
    label: string;
    grantId: string;
    capsule: string;
    epoch: number;
    verificationShares: Record<string, string>;
    ownershipProof: { deedKey: string; c: string; s: string };
    openProof: { Qbar: string; c: string; s: string };
    partials: { i: number; W: string; c: string; s: string }[];
  };
};
interface RingVector {
  why?: string;
  message: string;
  slot: number;
  ring: string[];
  tag: string;
  c0: string;
  s: string[];
}
const hex = (text: string) => fromHex(text, 'vector');

const signedOf = (vector: RingVector): Signed => ({
  statement: {
    message: hex(vector.message),
    tagDomain: hex(vectors.tagDomain),
    slot: vector.slot,
    xs: vector.ring.map(hex),
  },
  tag: hex(vector.tag),
  signature: hex(vector.tag + vector.c0 + vector.s.join('')),
});

/** A verdict or a refusal: only `true` is acceptance. */
const accepts = (verdict: Promise<boolean>) => verdict.catch(() => false);
const ringHolds = (signed: Signed) => accepts(rust.ask('ring', signed));
/** The same verdict here. */
const ringHoldsHere = ({ statement, tag, signature }: Signed) =>
  accepts((async () => verifyRing({ ...statement, xs: statement.xs.map(toBigInt), tag }, signature))());
const dleqHolds = (dleq: Dleq) => accepts(rust.ask('dleq', dleq));

describe('ring signatures of the vectors', () => {
  it.each(vectors.lsag)('of $ring.length deeds hold in Rust', async (vector) => {
    expect(await rust.ask('ring', signedOf(vector))).toBe(true);
  });

  it.each(vectors.lsagInvalid)('are refused in Rust: $why', async (vector) => {
    expect(await ringHolds(signedOf(vector))).toBe(false);
  });
});

describe('a ring signature', () => {
  const flip = (bytes: Uint8Array, at: number) => bytes.with(at, bytes[at]! ^ 1);
  /** The key of a deed has an even y. */
  const deedSecret = (i: number) => {
    const secret = 1000n + BigInt(i);
    return (G.multiply(secret).toAffine().y & 1n) === 0n ? secret : Point.Fn.ORDER - secret;
  };
  const statementOf = (k: number): Ring => ({
    message: sha256(utf8('grant')),
    tagDomain: tagDomain(sha256(utf8('chain')), new Uint8Array(20).fill(3)),
    slot: 200,
    xs: Array.from({ length: k }, (_, i) => u256(G.multiply(deedSecret(i)).toAffine().x)),
  });
  const signHere = (place: number, k: number): Signed => {
    const statement = statementOf(k);
    const xs = statement.xs.map(toBigInt);
    const base = tagBase(statement.tagDomain, xs[place]!, statement.slot);
    const tag = compressed(tagOf(base, deedSecret(place)));
    const random = (length: number) => new Uint8Array(length).fill(place);
    return { statement, tag, signature: signRing({ ...statement, xs, tag }, deedSecret(place), random) };
  };
  const signThere = async (place: number, k: number): Promise<Signed> => {
    const statement = statementOf(k);
    return { statement, ...(await rust.ask('ring-sign', { statement, place, secret: u256(deedSecret(place)) })) };
  };

  it.each([2, 3, 16, 64])('over %d deeds holds on both sides, whoever signed on whichever', async (k) => {
    for (const place of new Set([0, k >> 1, k - 1])) {
      const [ours, theirs] = [signHere(place, k), await signThere(place, k)];
      expect(theirs.tag).toEqual(ours.tag);
      expect(theirs.signature).not.toEqual(ours.signature);
      expect(await rust.ask('ring', ours)).toBe(true);
      expect(await ringHoldsHere(theirs)).toBe(true);
    }
  });

  it.each([
    ['ours', async () => signHere(1, 4)],
    ['theirs', () => signThere(1, 4)],
  ])('of %s is refused on both sides once anything that it binds is another', async (_, sign) => {
    const good = await sign();
    const { statement, tag, signature } = good;
    const stated = (changed: Partial<Ring>) => ({ ...good, statement: { ...statement, ...changed } });
    const signed = (signature: Uint8Array) => ({ ...good, signature });
    const put = (at: number, part: Uint8Array) =>
      signed(concat(signature.slice(0, at), part, signature.slice(at + part.length)));
    const mutants: Record<string, Signed> = {
      message: stated({ message: flip(statement.message, 5) }),
      domain: stated({ tagDomain: flip(statement.tagDomain, 5) }),
      slot: stated({ slot: 201 }),
      order: stated({ xs: statement.xs.toReversed() }),
      deed: stated({ xs: statement.xs.with(3, u256(G.multiply(9n).toAffine().x)) }),
      'doubled deed': stated({ xs: statement.xs.with(3, statement.xs[2]!) }),
      'tag of the grant': { ...good, tag: flip(tag, 0) },
      'tag negated': { ...good, tag: flip(tag, 0), signature: flip(signature, 0) },
      c0: signed(flip(signature, 64)),
      s: signed(flip(signature, 100)),
      's = n': put(65, u256(Point.Fn.ORDER)),
      's = 0': put(65, u256(0)),
      short: signed(signature.slice(0, -32)),
      long: signed(concat(signature, u256(1))),
    };
    expect([await ringHoldsHere(good), await ringHolds(good)]).toEqual([true, true]);
    for (const [name, mutant] of Object.entries(mutants))
      expect([name, await ringHoldsHere(mutant), await ringHolds(mutant)]).toEqual([name, false, false]);
  });
});

describe('DLEQ proofs', () => {
  const uses = ['own', 'seal', 'open', 'part'];
  const proofOf = ({ c, s }: { c: string; s: string }) => hex(c + s);

  it.each(vectors.dleq)('of the vectors hold in Rust for $use, and for no other use', async (vector) => {
    const [A, X, B, Z] = [hex(vector.A), hex(vector.X), hex(vector.B), hex(vector.Z)];
    const given = { message: hex(vector.message), A, X, B, Z, proof: proofOf(vector) };
    for (const use of uses) expect(await dleqHolds({ ...given, use })).toBe(use === vector.use);
  });

  it('of the grant of the vectors hold in Rust: deed, capsule, recipient and each partial', async () => {
    const { grant } = vectors;
    const base = compressed(G);
    const grantId = hex(grant.grantId);
    const capsule = hex(grant.capsule);
    const [C, cBar, proof, wrapped] = [[0, 33], [33, 66], [66, 130], [130]].map((at) => capsule.slice(...at)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const Q = hex(grant.typed.recipientKey);
    const released = compressed(parsePoint(C, 'C').add(parsePoint(Q, 'Q')));
    const own = grant.ownershipProof;
    const deed = hex(own.deedKey);
    const tagPoint = tagBase(hex(vectors.tagDomain), parsePoint(deed, 'deed').toAffine().x, grant.typed.slot).point;
    const statements: Dleq[] = [
      {
        ...{ use: 'own', message: grantId, proof: proofOf(own) },
        ...{ A: base, X: deed, B: compressed(tagPoint), Z: hex(grant.typed.tag) },
      },
      {
        ...{ use: 'seal', message: keccak256(hex(grant.label), sha256(wrapped)), proof },
        ...{ A: base, X: C, B: hex(vectors.Gbar), Z: cBar },
      },
      {
        ...{ use: 'open', message: grantId, proof: proofOf(grant.openProof) },
        ...{ A: base, X: Q, B: hex(vectors.Gbar), Z: hex(grant.openProof.Qbar) },
      },
      ...grant.partials.map((one) => ({
        ...{ use: 'part', proof: proofOf(one) },
        message: keccak256(grantId, u64(grant.epoch), u16(one.i), keccak256(capsule)),
        ...{ A: base, X: hex(grant.verificationShares[one.i]!), B: released, Z: hex(one.W) },
      })),
    ];
    expect(statements).toHaveLength(6);
    for (const [place, statement] of statements.entries()) {
      expect(await rust.ask('dleq', statement)).toBe(true);
      const next = statements[(place + 1) % statements.length]!;
      expect(await dleqHolds({ ...statement, proof: next.proof })).toBe(false);
    }
  });

  it.each(uses as DleqUse[])(
    'of ours for %s hold in Rust, and not once one of their inputs is another',
    async (use) => {
      const [witness, message] = [4711n, sha256(utf8(use))];
      const points = { A: G, X: G.multiply(witness), B: gBar(), Z: gBar().multiply(witness) };
      const proof = proveDleq({ use, ...points, message }, witness, (length) => new Uint8Array(length).fill(1));
      const [A, X, B, Z] = [points.A, points.X, points.B, points.Z].map(compressed) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      const good: Dleq = { use, message, A, X, B, Z, proof: dleqBytes(proof) };
      expect(await rust.ask('dleq', good)).toBe(true);
      for (const field of ['A', 'X', 'B', 'Z'] as const) {
        const other = points[field].add(G);
        expect(await dleqHolds({ ...good, [field]: compressed(other) })).toBe(false);
        expect(verifyDleq({ use, ...points, [field]: other, message }, proof)).toBe(false);
      }
      expect(await dleqHolds({ ...good, message: sha256(message) })).toBe(false);
      const scalars = [
        [u256(0), scalarBytes(proof.s)],
        [scalarBytes(proof.c), u256(0)],
        [scalarBytes(proof.c), u256(Point.Fn.ORDER)],
        [scalarBytes(proof.c), scalarBytes(proof.s + 1n)],
      ];
      for (const [c, s] of scalars) expect(await dleqHolds({ ...good, proof: concat(c!, s!) })).toBe(false);
    },
  );
});
