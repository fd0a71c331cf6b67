/** Section 12 against vectors/cpds-v1.json: deterministic values are reproduced, proofs verified, invalid ones refused. */

import { toBigInt, toHex, utf8 } from './bytes.js';
import { capsuleLabel, openCapsule, parseCapsule, sealedKeyHash, verifyCapsule, verifyOpen } from './capsule.js';
import { chainUid } from './hash.js';
import { addressOf, compressed, G, N, parseScalar, pointFromHex, type Point } from './curve.js';
import { keyCommit, recordCommitment, termsHash } from './deed.js';
import { verifyDleq, type DleqUse } from './dleq.js';
import { keccak256 } from './hash.js';
import { lagrangeAtZero, combinePartials, releasePartial, verifyPartial, type PartialContext } from './partial.js';
import { ringHash, verifyRing, type RingStatement } from './lsag.js';
import { verifyOwnership } from './ownership.js';
import {
  isDeedKey,
  formatMetaAddress,
  metaAddressOf,
  oneTimeKey,
  oneTimeSecret,
  parseMetaAddress,
  scan,
} from './stealth.js';
import { gBar, tagBase, tagDomain, tagOf } from './tag-base.js';
import { canonicalJson } from './canonical-json.js';
import { hex, readVectors } from './testing/vectors.js';

interface RingVector {
  why?: string;
  message: string;
  slot: number;
  ring: string[];
  secretIndex?: number;
  secret?: string;
  ringHash?: string;
  tag: string;
  c0: string;
  s: string[];
}

interface Vectors {
  chainId: number;
  genesisHash: string;
  chainUid: string;
  lockedAccount: string;
  tagDomain: string;
  Gbar: string;
  tagBase: { secret: string; x: string; slot: number; counter: number; point: string; tag: string }[];
  lsag: RingVector[];
  lsagInvalid: RingVector[];
  dleq: (Record<'message' | 'witness' | 'A' | 'X' | 'B' | 'Z' | 'c' | 's', string> & { use: DleqUse })[];
  stealth: (Record<'viewing' | 'spending' | 'meta' | 'ephemeral' | 'R' | 'P' | 'address' | 'secret', string> & {
    deedKey: boolean;
    viewTag: number;
  })[];
  grant: {
    typed: Record<'tag' | 'recipientKey' | 'revoker' | 'termsHash' | 'sealedKeyHash', string> & { slot: number };
    revokerSecret: string;
    terms: string | object;
    termsSalt: string;
    recipient: string;
    digestWithoutKey: string;
    grantId: string;
    keyId: string;
    attemptId: string;
    Y: string;
    shares: Record<string, string>;
    verificationShares: Record<string, string>;
    label: string;
    fileKey: string;
    r: string;
    capsule: string;
    q: string;
    ownershipProof: { deedKey: string; secret: string; c: string; s: string };
    openProof: { Qbar: string; c: string; s: string };
    epoch: number;
    partials: { i: number; W: string; c: string; s: string }[];
  };
  reshare: {
    dealers: number[];
    threshold: number;
    polynomials: Record<string, string[]>;
    newShares: Record<string, string>;
    Y: string;
  };
  commitment: Record<'payloadSha256' | 'fileKey' | 'salt' | 'keyCommit' | 'commitment', string> & {
    metadata: string | object;
  };
}

const vectors = readVectors<Vectors>('cpds-v1.json');
const scalar = (text: string): bigint => parseScalar(hex(text), 'vector');
const point = (text: string): Point => pointFromHex(text, 'vector');
const json = (value: string | object): unknown => (typeof value === 'string' ? (JSON.parse(value) as unknown) : value);
const domain = tagDomain(chainUid(vectors.chainId, hex(vectors.genesisHash)), hex(vectors.lockedAccount));

describe('identities', () => {
  it('reproduces chainUid, tag domain and Ḡ', () => {
    expect(toHex(chainUid(vectors.chainId, hex(vectors.genesisHash)))).toBe(vectors.chainUid);
    expect(toHex(domain)).toBe(vectors.tagDomain);
    expect(toHex(compressed(gBar()))).toBe(vectors.Gbar);
  });

  it('reproduces keyId from attemptId', () => {
    expect(toHex(keccak256(utf8('cpds/v1/key'), hex(vectors.grant.attemptId)))).toBe(vectors.grant.keyId);
  });
});

describe('tag bases', () => {
  it.each(vectors.tagBase)('slot $slot, counter $counter', (vector) => {
    const base = tagBase(domain, toBigInt(hex(vector.x)), vector.slot);
    expect(base.counter).toBe(vector.counter);
    expect(toHex(compressed(base.point))).toBe(vector.point);
    expect(toHex(compressed(tagOf(base, scalar(vector.secret))))).toBe(vector.tag);
  });
});

describe('ring signatures', () => {
  const statementOf = (vector: RingVector): RingStatement => ({
    message: hex(vector.message),
    tagDomain: domain,
    slot: vector.slot,
    xs: vector.ring.map((x) => toBigInt(hex(x))),
    tag: hex(vector.tag),
  });
  const compactOf = (vector: RingVector): Uint8Array => hex(vector.tag + vector.c0 + vector.s.join(''));

  it.each(vectors.lsag)('verifies the ring of $ring.length', (vector) => {
    expect(toHex(ringHash(vector.slot, statementOf(vector).xs))).toBe(vector.ringHash);
    expect(verifyRing(statementOf(vector), compactOf(vector))).toBe(true);
    const own = tagBase(domain, toBigInt(hex(vector.ring[vector.secretIndex!]!)), vector.slot);
    expect(toHex(compressed(tagOf(own, scalar(vector.secret!))))).toBe(vector.tag);
  });

  it.each(vectors.lsagInvalid)('refuses: $why', (vector) => {
    let accepted = false;
    try {
      accepted = verifyRing(statementOf(vector), compactOf(vector));
    } catch (error) {
      expect(error).toMatchObject({ name: 'CryptoError' });
    }
    expect(accepted).toBe(false);
  });
});

describe('DLEQ', () => {
  it.each(vectors.dleq)('verifies the proof for $use', (vector) => {
    const statement = {
      use: vector.use,
      A: point(vector.A),
      X: point(vector.X),
      B: point(vector.B),
      Z: point(vector.Z),
      message: hex(vector.message),
    };
    const proof = { c: scalar(vector.c), s: scalar(vector.s) };
    expect(verifyDleq(statement, proof)).toBe(true);
    for (const use of ['own', 'seal', 'open', 'part'] as const)
      expect(verifyDleq({ ...statement, use }, proof)).toBe(use === vector.use);
  });
});

describe('stealth accounts', () => {
  it.each(vectors.stealth)('reproduces $P', (vector) => {
    const secrets = { spending: scalar(vector.spending), viewing: scalar(vector.viewing) };
    expect(formatMetaAddress(metaAddressOf(secrets))).toBe(vector.meta);
    const made = oneTimeKey(parseMetaAddress(vector.meta), scalar(vector.ephemeral));
    expect(toHex(compressed(made.ephemeralKey))).toBe(vector.R);
    expect(made.viewTag).toBe(vector.viewTag);
    expect(toHex(compressed(made.key))).toBe(vector.P);
    expect(toHex(made.address)).toBe(vector.address);
    if (vector.deedKey) expect(isDeedKey(made.key)).toBe(true);
    const shared = scan(secrets.viewing, metaAddressOf(secrets).spendingKey, made);
    expect(oneTimeSecret(secrets.spending, shared!)).toBe(scalar(vector.secret));
  });
});

describe('a grant and its capsule', () => {
  const { grant } = vectors;
  const Y = point(grant.Y);
  const Q = point(grant.typed.recipientKey);
  const capsule = parseCapsule(hex(grant.capsule));
  const label = hex(grant.label);
  const context: PartialContext = {
    grantId: hex(grant.grantId),
    epoch: grant.epoch,
    sealedKeyHash: hex(grant.typed.sealedKeyHash),
    C: capsule.C,
    recipientKey: Q,
  };

  it('reproduces label, termsHash, revoker, recipient and sealedKeyHash', () => {
    expect(toHex(capsuleLabel(hex(grant.digestWithoutKey), hex(grant.keyId), Y))).toBe(grant.label);
    expect(`0x${toHex(termsHash(hex(grant.termsSalt), json(grant.terms)))}`).toBe(grant.typed.termsHash);
    expect(`0x${toHex(addressOf(G.multiply(scalar(grant.revokerSecret))))}`).toBe(grant.typed.revoker);
    expect(toHex(addressOf(Q))).toBe(grant.recipient);
    expect(`0x${toHex(sealedKeyHash(hex(grant.capsule)))}`).toBe(grant.typed.sealedKeyHash);
  });

  it('verifies the capsule, and only for its label', () => {
    expect(capsule.C.equals(G.multiply(scalar(grant.r)))).toBe(true);
    expect(verifyCapsule(capsule, label)).toBe(true);
    expect(verifyCapsule(capsule, context.grantId)).toBe(false);
  });

  it('verifies the ownership proof', () => {
    const { ownershipProof: own } = grant;
    const deed = point(own.deedKey);
    // The vector gives the deed's secret, not its split into b and s: any split proves the same DLEQ.
    const sharedScalar = 5n;
    const spendingKey = deed.subtract(G.multiply(sharedScalar));
    const statement = {
      deedX: deed.toAffine().x,
      tagDomain: domain,
      slot: grant.typed.slot,
      tag: point(grant.typed.tag),
      grantId: context.grantId,
    };
    const proof = { c: scalar(own.c), s: scalar(own.s), spendingKey, sharedScalar };
    expect(verifyOwnership(statement, proof, spendingKey)).toBe(true);
    expect(verifyOwnership({ ...statement, slot: statement.slot + 1 }, proof, spendingKey)).toBe(false);
  });

  it('verifies the proof of q', () => {
    const proof = { c: scalar(grant.openProof.c), s: scalar(grant.openProof.s) };
    expect(verifyOpen(Q, context.grantId, { qBar: point(grant.openProof.Qbar), proof })).toBe(true);
    expect(verifyOpen(Y, context.grantId, { qBar: point(grant.openProof.Qbar), proof })).toBe(false);
  });

  it('verifies the partials, makes the same W, combines and opens', () => {
    for (const vector of grant.partials) {
      const share = scalar(grant.shares[vector.i]!);
      const verificationShare = point(grant.verificationShares[vector.i]!);
      expect(G.multiply(share).equals(verificationShare)).toBe(true);
      const proof = { c: scalar(vector.c), s: scalar(vector.s) };
      expect(verifyPartial(context, verificationShare, { index: vector.i, W: point(vector.W), proof })).toBe(true);
      const made = releasePartial(context, vector.i, share, (length) => new Uint8Array(length).fill(7));
      expect(toHex(compressed(made.W))).toBe(vector.W);
    }
    const W = combinePartials(
      grant.partials.map((vector) => ({ index: vector.i, W: point(vector.W) })),
      grant.partials.length,
    );
    const opened = openCapsule({ capsule, label, recipientSecret: scalar(grant.q), ySeal: Y, W });
    expect(toHex(opened)).toBe(grant.fileKey);
  });
});

describe('Lagrange coefficients', () => {
  it('reproduce the shares of the reshare vector', () => {
    const { reshare } = vectors;
    for (const [j, expected] of Object.entries(reshare.newShares)) {
      let sum = 0n;
      for (const dealer of reshare.dealers) {
        const coefficients = reshare.polynomials[dealer]!.map((text) => toBigInt(hex(text)));
        const dealt = coefficients.reduceRight((value, coefficient) => value * BigInt(j) + coefficient, 0n);
        sum += lagrangeAtZero(dealer, reshare.dealers) * dealt;
      }
      expect(sum % N).toBe(scalar(expected));
    }
  });
});

describe('the record commitment', () => {
  it('is reproduced with its key commitment', () => {
    const { commitment } = vectors;
    expect(toHex(keyCommit(hex(commitment.fileKey)))).toBe(commitment.keyCommit);
    const made = recordCommitment({
      payloadSha256: hex(commitment.payloadSha256),
      keyCommit: hex(commitment.keyCommit),
      metadata: json(commitment.metadata),
      salt: hex(commitment.salt),
    });
    expect(toHex(made)).toBe(commitment.commitment);
    if (typeof commitment.metadata === 'string')
      expect(canonicalJson(json(commitment.metadata))).toEqual(utf8(commitment.metadata));
  });
});
