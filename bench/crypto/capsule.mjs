// Sealing, partial release, combination and opening of capsules, against the threshold proxy re-encryption of Umbral (Rust, as WebAssembly).
import { randomBytes } from 'node:crypto';
import { openCapsule, parseCapsule, sealCapsule, sealedKeyHash } from '@cpds/crypto/capsule';
import { G, parsePoint, parseScalar, scalarFrom48 } from '@cpds/crypto/curve';
import { combinePartials, releasePartial, verifyPartial } from '@cpds/crypto/partial';
import { nobleArithmetic, usePublicArithmetic } from '@cpds/crypto/public-arithmetic';
import { libsecp256k1 } from '@cpds/crypto/libsecp256k1';
import umbral from '@nucypher/umbral-pre';
import { measured, row, timed } from '../harness.mjs';
import { named } from '../peers.mjs';
import { generate } from './generation.mjs';

const peerName = named('@nucypher/umbral-pre');
const notes = {
  seal: 'Ours is sealed to storemen and recipient at once and proves it; the peer encrypts to the owner, who names recipients later.',
  release: 'Both with a proof of correctness.',
  'verify partial': 'Ours with libsecp256k1, as services run.',
  'combine and open':
    'The peer hashes each fragment into its combination; ours is Lagrange interpolation, then a Diffie-Hellman with the recipient. Ours with libsecp256k1.',
};

export async function measure(options) {
  const rows = [];
  usePublicArithmetic(libsecp256k1);
  for (const [threshold, n] of [
    [3, 5],
    [7, 10],
  ]) {
    const contenders = { ours: ours(threshold, n), peer: theirs(threshold, n) };
    for (const step of Object.keys(notes)) {
      // The number of storemen matters only to the last.
      if (threshold !== 3 && step !== 'combine and open') continue;
      const times = await measured(options, { ours: contenders.ours[step], peer: contenders.peer[step] });
      const name = step === 'combine and open' ? `capsule: ${step}, ${threshold} of ${n}` : `capsule: ${step}`;
      rows.push(row({ name, unit: 'ms', ...times, peerName, note: notes[step] }));
    }
  }
  usePublicArithmetic(nobleArithmetic);
  return { rows };
}

function ours(threshold, n) {
  const shares = generate(threshold, n);
  const ySeal = parsePoint(shares[0].group.publicKey, 'publicKey');
  const recipientSecret = scalarFrom48(randomBytes(48), 'recipientSecret');
  const recipientKey = G.multiply(recipientSecret);
  const fileKey = randomBytes(16);
  const label = randomBytes(32);
  const seal = () => sealCapsule({ fileKey, label, recipientKey, ySeal }, randomBytes);
  const bytes = seal();
  const capsule = parseCapsule(bytes);
  const hash = sealedKeyHash(bytes);
  const context = { grantId: randomBytes(32), epoch: 1, sealedKeyHash: hash, C: capsule.C, recipientKey };
  const release = ({ index, secret }) => releasePartial(context, index, parseScalar(secret, 'share'), randomBytes);
  const partials = shares.slice(0, threshold).map(release);
  const Y1 = parsePoint(shares[0].group.verificationShares.get(1), 'Y_1');
  return {
    seal: timed(seal),
    release: timed(() => release(shares[0])),
    'verify partial': timed(() => mustHold(verifyPartial(context, Y1, partials[0]))),
    'combine and open': timed(() => {
      const W = combinePartials(partials, threshold);
      mustHold(fileKey.equals(openCapsule({ capsule, label, recipientSecret, ySeal, W })));
    }),
  };
}

function theirs(threshold, n) {
  const owner = umbral.SecretKey.random();
  const recipient = umbral.SecretKey.random();
  const signer = new umbral.Signer(umbral.SecretKey.random());
  const fileKey = randomBytes(16);
  const seal = () => umbral.encrypt(owner.publicKey(), fileKey);
  const [capsule, wrapped] = seal();
  const [ownerKey, recipientKey, verifyingKey] = [owner.publicKey(), recipient.publicKey(), signer.verifyingKey()];
  const fragments = umbral.generateKFrags(owner, recipientKey, signer, threshold, n, true, true);
  const partials = fragments.slice(0, threshold).map((fragment) => umbral.reencrypt(capsule, fragment));
  return {
    seal: timed(seal),
    release: timed(() => umbral.reencrypt(capsule, fragments[0])),
    'verify partial': timed(
      (partial) => partial.verify(capsule, verifyingKey, ownerKey, recipientKey),
      () => partials[0].unverify(),
    ),
    'combine and open': timed(() =>
      mustHold(fileKey.equals(umbral.decryptReencrypted(recipient, ownerKey, capsule, partials, wrapped))),
    ),
  };
}

function mustHold(valid) {
  if (!valid) throw new Error('the file key came out wrong');
}
