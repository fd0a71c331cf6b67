/** Edge cases of the project's own signatures, whose results come from a second implementation: vectors/make/edge.py. */

import { toBigInt, toHex } from './bytes.js';
import { checkReleasePoint, openCapsule, parseCapsule, verifyCapsule, verifyOpen } from './capsule.js';
import { CryptoError } from './crypto-error.js';
import { compressed, parsePoint, Point } from './curve.js';
import { verifyDleq, type DleqUse } from './dleq.js';
import { verifyRing } from './lsag.js';
import { verifyOwnership } from './ownership.js';
import { verifyPartial } from './partial.js';
import { formatMetaAddress, newDeedKey, oneTimeSecret, parseMetaAddress, scan } from './stealth.js';
import { tagDomain } from './tag-base.js';
import { hex, readVectors } from './testing/vectors.js';
import { isGroupSignature } from './threshold/signing.js';

/** `expected` is `valid`, `refused` where the verifier says no, or the code of the error. */
type Case<Fields extends string> = { what: string; expected: string } & Record<Fields, string>;

interface EdgeCases {
  chainUid: string;
  lockedAccount: string;
  tagDomain: string;
  lsag: (Case<'message' | 'tag' | 'signature'> & { slot: number; ring: string[] })[];
  dleq: (Case<'A' | 'X' | 'B' | 'Z' | 'message' | 'c' | 's'> & { use: DleqUse })[];
  ownership: (Case<'deedX' | 'tag' | 'grantId' | 'spendingKey' | 'enrolledKey' | 'sharedScalar' | 'c' | 's'> & {
    slot: number;
  })[];
  capsule: Case<'capsule' | 'label'>[];
  releasePoint: Case<'C' | 'recipientKey'>[];
  partial: (Case<'grantId' | 'sealedKeyHash' | 'C' | 'recipientKey' | 'verificationShare' | 'W' | 'c' | 's'> & {
    epoch: number;
    index: number;
  })[];
  openProof: Case<'recipientKey' | 'qBar' | 'grantId' | 'c' | 's'>[];
  opening: Case<'capsule' | 'label' | 'recipientSecret' | 'ySeal' | 'W' | 'fileKey'>[];
  metaAddress: Case<'metaAddress'>[];
  deedKey: (Case<'metaAddress' | 'P' | 'R'> & { draws: string[]; taken: number; viewTag: number })[];
  scan: (Case<'viewing' | 'spending' | 'spendingKey' | 'ephemeralKey' | 'key' | 'sharedScalar'> & {
    viewTag: number;
  })[];
  groupSignature: Case<'key' | 'digest' | 'signature'>[];
}

const edge = readVectors<EdgeCases>('cpds-edge-v1.json');
const domain = hex(edge.tagDomain);
const number = (text: string): bigint => toBigInt(hex(text));
const point = (text: string): Point => (text === '00' ? Point.ZERO : parsePoint(hex(text), 'vector'));

/** The result of a case; an error that is no CryptoError is a crash and fails the test. */
function outcome(isValid: () => boolean): string {
  try {
    return isValid() ? 'valid' : 'refused';
  } catch (cause) {
    if (cause instanceof CryptoError) return cause.code;
    throw cause;
  }
}

/** Runs all cases of a kind in one test, which names those with another result. */
function each<Of extends { what: string; expected: string }>(
  kind: string,
  cases: readonly Of[],
  isValid: (one: Of) => boolean,
): void {
  it(`${kind}: ${cases.length} cases, ${cases.filter((one) => one.expected === 'valid').length} of them valid`, () => {
    const came = cases.map((one) => `${one.what}: ${outcome(() => isValid(one))}`);
    expect(came).toEqual(cases.map(({ what, expected }) => `${what}: ${expected}`));
  });
}

describe('edge cases of protocol sections 4 to 6', () => {
  it('are of one LockedAccount', () =>
    expect(toHex(tagDomain(hex(edge.chainUid), hex(edge.lockedAccount)))).toBe(edge.tagDomain));

  each('ring signatures', edge.lsag, ({ message, slot, ring, tag, signature }) =>
    verifyRing({ message: hex(message), tagDomain: domain, slot, xs: ring.map(number), tag: hex(tag) }, hex(signature)),
  );

  each('equal logarithms', edge.dleq, ({ use, A, X, B, Z, message, c, s }) =>
    verifyDleq(
      { use, A: point(A), X: point(X), B: point(B), Z: point(Z), message: hex(message) },
      { c: number(c), s: number(s) },
    ),
  );

  each('ownership proofs', edge.ownership, (one) =>
    verifyOwnership(
      {
        deedX: number(one.deedX),
        tagDomain: domain,
        slot: one.slot,
        tag: point(one.tag),
        grantId: hex(one.grantId),
      },
      {
        spendingKey: point(one.spendingKey),
        sharedScalar: number(one.sharedScalar),
        c: number(one.c),
        s: number(one.s),
      },
      point(one.enrolledKey),
    ),
  );

  each('capsules', edge.capsule, ({ capsule, label }) => verifyCapsule(parseCapsule(hex(capsule)), hex(label)));

  each('release points', edge.releasePoint, ({ C, recipientKey }) =>
    checkReleasePoint(point(C), point(recipientKey)).equals(point(C).add(point(recipientKey))),
  );

  each('partials', edge.partial, ({ verificationShare, W, c, s, index, epoch, ...rest }) =>
    verifyPartial(
      {
        grantId: hex(rest.grantId),
        epoch,
        sealedKeyHash: hex(rest.sealedKeyHash),
        C: point(rest.C),
        recipientKey: point(rest.recipientKey),
      },
      point(verificationShare),
      { index, W: point(W), proof: { c: number(c), s: number(s) } },
    ),
  );

  each('proofs of q', edge.openProof, ({ recipientKey, qBar, grantId, c, s }) =>
    verifyOpen(point(recipientKey), hex(grantId), { qBar: point(qBar), proof: { c: number(c), s: number(s) } }),
  );

  each('openings', edge.opening, ({ capsule, label, recipientSecret, ySeal, W, fileKey }) => {
    const opened = openCapsule({
      capsule: parseCapsule(hex(capsule)),
      label: hex(label),
      recipientSecret: number(recipientSecret),
      ySeal: point(ySeal),
      W: point(W),
    });
    return toHex(opened) === fileKey;
  });

  each(
    'meta-addresses',
    edge.metaAddress,
    ({ metaAddress }) => formatMetaAddress(parseMetaAddress(metaAddress)) === metaAddress.toLowerCase(),
  );

  each('deed keys', edge.deedKey, ({ metaAddress, draws, taken, P, R, viewTag }) => {
    const left = draws.map(hex);
    const made = newDeedKey(parseMetaAddress(metaAddress), () => left.shift()!);
    return (
      left.length === draws.length - taken - 1 &&
      toHex(compressed(made.key)) === P &&
      toHex(compressed(made.ephemeralKey)) === R &&
      made.viewTag === viewTag
    );
  });

  each('scans', edge.scan, ({ viewing, spending, spendingKey, ephemeralKey, viewTag, key, sharedScalar }) => {
    const announcement = { ephemeralKey: point(ephemeralKey), viewTag, key: point(key) };
    const found = scan(number(viewing), point(spendingKey), announcement);
    if (found === undefined) return false;
    const secret = oneTimeSecret(number(spending), found);
    return found === number(sharedScalar) && Point.BASE.multiply(secret).equals(announcement.key);
  });

  each('group signatures', edge.groupSignature, ({ key, digest, signature }) =>
    isGroupSignature(hex(key), hex(digest), hex(signature)),
  );
});
