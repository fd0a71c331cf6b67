/**
 * A ciphertext posted again under a policy of the thief's: in CALYPSO's on-chain secrets the threshold group opened
 * whatever write transaction named the ciphertext, unless its policy was bound in. Here the label of a capsule is the grant
 * without the capsule, the sealing key and its id, and the proof that comes with it is of that label.
 */

import { randomBytes } from 'node:crypto';
import { type Capsule, capsuleLabel, openCapsule, parseCapsule, sealCapsule, verifyCapsule } from '../src/capsule.js';
import { G } from '../src/curve.js';

const sealing = 1234n;
const ySeal = G.multiply(sealing);
const keyId = new Uint8Array(32).fill(1);
const [q, thief] = [77n, 78n];
const label = capsuleLabel(new Uint8Array(32).fill(2), keyId, ySeal);
const fileKey = new Uint8Array(randomBytes(16));
const capsule = parseCapsule(sealCapsule({ fileKey, label, recipientKey: G.multiply(q), ySeal }, randomBytes));
/** The combined answer of t storemen, if they released at all. */
const released = (one: Capsule, recipient: bigint) => one.C.add(G.multiply(recipient)).multiply(sealing);

describe('a capsule in another grant', () => {
  const foreign = [
    capsuleLabel(new Uint8Array(32).fill(3), keyId, ySeal),
    capsuleLabel(new Uint8Array(32).fill(2), new Uint8Array(32).fill(9), ySeal),
    capsuleLabel(new Uint8Array(32).fill(2), keyId, G.multiply(sealing + 1n)),
  ];

  it('is refused by every storeman: its proof is of one label', () => {
    expect(verifyCapsule(capsule, label)).toBe(true);
    for (const other of foreign) expect(verifyCapsule(capsule, other)).toBe(false);
  });

  it('does not open for the thief even where storemen did not look', () => {
    for (const other of [label, ...foreign])
      expect(() =>
        openCapsule({ capsule, label: other, recipientSecret: thief, ySeal, W: released(capsule, thief) }),
      ).toThrow('W: does not open this capsule');
    const opened = openCapsule({ capsule, label, recipientSecret: q, ySeal, W: released(capsule, q) });
    expect(opened).toEqual(fileKey);
  });

  it('cannot be given a proof of the new label by who does not know r', () => {
    // The thief's own capsule has a good proof for its label; no part of it helps the other.
    const own = parseCapsule(
      sealCapsule(
        { fileKey: new Uint8Array(16), label: foreign[0]!, recipientKey: G.multiply(thief), ySeal },
        randomBytes,
      ),
    );
    expect(verifyCapsule(own, foreign[0]!)).toBe(true);
    expect(verifyCapsule({ ...capsule, proof: own.proof }, foreign[0]!)).toBe(false);
    expect(verifyCapsule({ ...own, wrapped: capsule.wrapped }, foreign[0]!)).toBe(false);
    expect(verifyCapsule({ ...own, C: capsule.C }, foreign[0]!)).toBe(false);
    expect(verifyCapsule({ ...own, C: capsule.C, cBar: capsule.cBar }, foreign[0]!)).toBe(false);
  });
});
