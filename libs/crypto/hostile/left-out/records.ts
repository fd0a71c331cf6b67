/** Proof of possession, commitment and terms without each of their inputs. */

import { secp256k1_hasher } from '@noble/curves/secp256k1.js';
import * as real from '../library.js';
import { b, digestRow, foreign, mod, type Library, type Row } from './row.js';

const { G, Point } = real.curve;
const attempt = { attemptId: b(32), n: 3, threshold: 2 };
/** Proofs of possession by whoever knows the constant term 51, hashed over `parts` under the attempt's tag. */
const possessed = (
  parts: (R: Uint8Array, A: Uint8Array) => Uint8Array[],
  attemptTag = real.bytes.toHex(attempt.attemptId),
) => {
  const [A, R] = [real.curve.compressed(G.multiply(51n)), real.curve.compressed(G.multiply(53n))];
  const c = hashed(real.bytes.concat(...parts(R, A)), attemptTag);
  return {
    points: [A, real.curve.compressed(G)],
    proof: real.bytes.concat(R, real.curve.scalarBytes(mod(53n + c * 51n))),
  };
};
const hashed = (message: Uint8Array, attemptTag: string) =>
  secp256k1_hasher.hashToScalar(message, {
    DST: real.bytes.ascii(`FROST-secp256k1-SHA256-v1dkg/cpds/v1/${attemptTag}`),
  });
const accepted = (library: Library, commitments: real.generation.DealerCommitments): boolean => {
  try {
    library.generation.checkCommitments(attempt, commitments);
    return true;
  } catch (error) {
    if (error instanceof real.CryptoError) return false;
    throw error;
  }
};
const transcript = 'concat(u256(dealer), compressed(constant), compressed(R))';
const possession = (input: string, from: string, to: string, caughtBy: string, succeeds: Row['succeeds']): Row => ({
  challenge: 'possession',
  input,
  file: 'threshold/generation.ts',
  from,
  to,
  caughtBy,
  succeeds,
});
export const possessionRows: Row[] = [
  possession(
    'attempt',
    'dkg/cpds/v1/${toHex(attemptId)}`',
    'dkg/cpds/v1/${toHex(attemptId).slice(64)}`',
    'commitments of another attempt',
    (l) => accepted(l, { dealer: 1, ...possessed((R, A) => [real.bytes.u256(1), A, R], '') }),
  ),
  possession(
    'dealer',
    transcript,
    transcript.replace('u256(dealer), ', ''),
    'another dealer’s commitments as one’s own',
    (l) => accepted(l, { dealer: 2, ...possessed((R, A) => [A, R]) }),
  ),
  possession(
    'A_0',
    transcript,
    transcript.replace('compressed(constant), ', ''),
    'a constant term that nobody knows',
    (l) => {
      const [R, z] = [foreign, 57n];
      const c = hashed(
        real.bytes.concat(real.bytes.u256(1), real.curve.compressed(R)),
        real.bytes.toHex(attempt.attemptId),
      );
      const A = G.multiply(z).subtract(R).multiply(Point.Fn.inv(c));
      return accepted(l, {
        dealer: 1,
        points: [real.curve.compressed(A), real.curve.compressed(G)],
        proof: real.bytes.concat(real.curve.compressed(R), real.curve.scalarBytes(z)),
      });
    },
  ),
  possession(
    'R',
    transcript,
    transcript.replace(', compressed(R)', ''),
    'a constant term that cancels the others',
    (l) => {
      const z = 57n;
      const c = hashed(
        real.bytes.concat(real.bytes.u256(1), real.curve.compressed(foreign)),
        real.bytes.toHex(attempt.attemptId),
      );
      const R = G.multiply(z).subtract(foreign.multiply(c));
      return accepted(l, {
        dealer: 1,
        points: [real.curve.compressed(foreign), real.curve.compressed(G)],
        proof: real.bytes.concat(real.curve.compressed(R), real.curve.scalarBytes(z)),
      });
    },
  ),
];

const facts = { payloadSha256: b(32), keyCommit: b(32), metadata: 'x', salt: b(32) };
const commitmentOf = (l: Library, over: object) =>
  [l.deed.recordCommitment(facts), l.deed.recordCommitment({ ...facts, ...over })] as const;
export const recordRows: Row[] = [
  digestRow(
    'commitment',
    'deed.ts',
    'payload',
    "    checkBytes(facts.payloadSha256, 'payloadSha256', 32),\n",
    '',
    'one deed for two payloads',
    (l) => commitmentOf(l, { payloadSha256: b(32, 8) }),
  ),
  digestRow(
    'commitment',
    'deed.ts',
    'keyCommit',
    "    checkBytes(facts.keyCommit, 'keyCommit', 32),\n",
    '',
    'one payload under two file keys',
    (l) => commitmentOf(l, { keyCommit: b(32, 8) }),
  ),
  digestRow(
    'commitment',
    'deed.ts',
    'metadata',
    '    sha256(canonicalJson(facts.metadata)),\n',
    '',
    'other metadata on the same deed',
    (l) => commitmentOf(l, { metadata: 'y' }),
  ),
  digestRow(
    'commitment',
    'deed.ts',
    'salt',
    "    checkBytes(facts.salt, 'salt', 32),\n",
    '',
    'guessed records are confirmed',
    (l) => commitmentOf(l, { salt: b(32, 8) }),
  ),
  digestRow(
    'terms',
    'deed.ts',
    'salt',
    "sha256(checkBytes(salt, 'salt', 32), canonicalJson(terms))",
    'sha256(canonicalJson(terms))',
    'guessed terms are confirmed',
    (l) => [l.deed.termsHash(b(32), 'x'), l.deed.termsHash(b(32, 8), 'x')],
  ),
];
