/** Capsules (protocol section 6) whose sealer, storemen and recipient run in either implementation. */

import { utf8 } from '../src/bytes.js';
import { capsuleLabel, openCapsule, parseCapsule, sealCapsule, verifyCapsule } from '../src/capsule.js';
import { compressed, G, parsePoint, parseScalar, scalarBytes } from '../src/curve.js';
import { dleqBytes, parseDleq } from '../src/dleq.js';
import type { KeyShare } from '../src/group.js';
import { keccak256, sha256 } from '../src/hash.js';
import { combinePartials, type PartialContext, releasePartial, verifyPartial } from '../src/partial.js';
import { attempt, generate, subsets } from '../src/threshold/test-group.js';
import { Peer, type ReleaseRequest, type WirePartial } from './peer.js';

const rust = new Peer();
afterAll(() => rust.close());

/** Four together: with an odd number of them a coefficient of the wrong sign is the right one. */
const keys = generate(attempt('capsule interop', 5, 4));
const group = keys[0]!.group;
const ySeal = parsePoint(group.publicKey, 'ySeal');
const [q, stranger] = [4711n, 4712n];
const recipientKey = G.multiply(q);
const [grantId, epoch] = [sha256(utf8('grant')), 7];
const label = capsuleLabel(grantId, sha256(utf8('key id')), ySeal);
const fileKey = sha256(utf8('file key')).slice(0, 16);
const random = (length: number) => new Uint8Array(length).fill(length);

const sealHere = async () => sealCapsule({ fileKey, label, recipientKey, ySeal }, random);
const sealThere = () =>
  rust.ask('capsule-seal', { fileKey, label, recipientKey: compressed(recipientKey), ySeal: group.publicKey });

function requestFor(capsule: Uint8Array): { request: ReleaseRequest; context: PartialContext } {
  const request = { capsule, label, grantId, epoch, recipientKey: compressed(recipientKey) };
  const { C } = parseCapsule(capsule);
  return { request, context: { grantId, epoch, sealedKeyHash: keccak256(capsule), C, recipientKey } };
}

/** Partials of `storemen`, those of odd index by Rust. */
async function release(storemen: readonly KeyShare[], capsule: Uint8Array): Promise<WirePartial[]> {
  const { request, context } = requestFor(capsule);
  return Promise.all(
    storemen.map(async ({ index, secret }) => {
      if (index % 2 === 1) return rust.ask('capsule-release', { request, index, share: secret });
      const { W, proof } = releasePartial(context, index, parseScalar(secret, 'share'), random);
      return { index, w: compressed(W), proof: dleqBytes(proof) };
    }),
  );
}

function isPartialHere(capsule: Uint8Array, { index, w, proof }: WirePartial): boolean {
  const listed = parsePoint(group.verificationShares.get(index)!, 'Y_i');
  const partial = { index, W: parsePoint(w, 'W'), proof: parseDleq(proof, 'proof') };
  return verifyPartial(requestFor(capsule).context, listed, partial);
}

function openHere(capsule: Uint8Array, partials: readonly WirePartial[], recipientSecret: bigint): Uint8Array {
  const W = combinePartials(
    partials.map(({ index, w }) => ({ index, W: parsePoint(w, 'W') })),
    group.threshold,
  );
  return openCapsule({ capsule: parseCapsule(capsule), label, recipientSecret, ySeal, W });
}

const openThere = (capsule: Uint8Array, partials: readonly WirePartial[], recipientSecret: bigint) =>
  rust.ask('capsule-open', {
    request: requestFor(capsule).request,
    recipientSecret: scalarBytes(recipientSecret),
    group,
    partials,
  });

describe.each([
  ['here', sealHere],
  ['in Rust', sealThere],
])('a capsule sealed %s', (_, seal) => {
  it('opens on both sides with the partials of any 4 storemen of both', async () => {
    const capsule = await seal();
    expect(verifyCapsule(parseCapsule(capsule), label)).toBe(true);
    const partials = await release(keys, capsule);
    for (const partial of partials) expect(isPartialHere(capsule, partial)).toBe(true);
    for (const some of subsets(partials, 4)) {
      expect(openHere(capsule, some, q)).toEqual(fileKey);
      expect(await openThere(capsule, some, q)).toEqual(fileKey);
    }
  });

  it('opens on neither side for another recipient, nor with a changed partial, whose maker is named', async () => {
    const capsule = await seal();
    const partials = await release(keys.slice(0, 4), capsule);
    expect(() => openHere(capsule, partials, stranger)).toThrow('does not open this capsule');
    await expect(openThere(capsule, partials, stranger)).rejects.toThrow('does not open');
    for (const [place, partial] of partials.entries()) {
      const other = partials[(place + 1) % 4]!;
      for (const changed of [
        { ...partial, w: other.w },
        { ...partial, proof: other.proof },
      ]) {
        expect(isPartialHere(capsule, changed)).toBe(false);
        const named = openThere(capsule, partials.with(place, changed), q);
        await expect(named).rejects.toThrow(`(by member ${partial.index})`);
      }
    }
  });

  it('is released by nobody once a byte of it, or its label, is another', async () => {
    const capsule = await seal();
    for (const at of [0, 40, 70, 129, 130, 161]) {
      const changed = capsule.with(at, capsule[at]! ^ 1);
      const request = { ...requestFor(capsule).request, capsule: changed };
      await expect(rust.ask('capsule-release', { request, index: 1, share: keys[0]!.secret })).rejects.toThrow();
      const holds = () => verifyCapsule(parseCapsule(changed), label);
      expect(isTrue(holds)).toBe(false);
    }
    const request = { ...requestFor(capsule).request, label: grantId };
    await expect(rust.ask('capsule-release', { request, index: 1, share: keys[0]!.secret })).rejects.toThrow('proof');
    expect(verifyCapsule(parseCapsule(capsule), grantId)).toBe(false);
  });
});

/** A changed coordinate may be on no point at all, which is refused by an error. */
function isTrue(holds: () => boolean): boolean {
  try {
    return holds();
  } catch {
    return false;
  }
}
