// Signing and verifying in rings of 11, 16 and 64, against the LSAG of Cypher Laboratory.
import { randomBytes } from 'node:crypto';
import { addressOf, compressed, G, scalarFrom48 } from '@cpds/crypto/curve';
import { nobleArithmetic, usePublicArithmetic } from '@cpds/crypto/public-arithmetic';
import { signRing, tagBase, tagOf, verifyRing } from '@cpds/crypto/ring';
import { isDeedKey } from '@cpds/crypto/stealth';
import { libsecp256k1 } from '@cpds/crypto/libsecp256k1';
import lsag from '@cypher-laboratory/alicesring-lsag';
import { measured, row, timed } from '../harness.mjs';
import { named } from '../peers.mjs';

const peerName = named('@cypher-laboratory/alicesring-lsag');
const { Curve, CurveName, Point, RingSignature, sortRing } = lsag;
const doors = { noble: nobleArithmetic, libsecp256k1 };

export async function measure(options) {
  const rows = [];
  for (const size of [11, 16, 64]) {
    const ours = ourRing(size);
    const theirs = theirRing(size);
    for (const step of ['sign', 'verify']) {
      const { peer, ...times } = await measured(options, {
        noble: through('noble', ours[step]),
        libsecp256k1: through('libsecp256k1', ours[step]),
        peer: timed(theirs[step]),
      });
      for (const [door, ms] of Object.entries(times))
        rows.push(
          row({
            name: `ring of ${size}: ${step}, by ${door}`,
            unit: 'ms',
            ours: ms,
            peer,
            peerName,
            note: 'The peer hashes key and flag to its tag base with keccak as ours does and sends points as JSON; ours binds slot, ring and tag into every challenge.',
          }),
        );
    }
  }
  return { rows };
}

/** The contender with public scalars multiplied by `door`, in its own rounds only. */
function through(door, run) {
  const contender = timed(run);
  const inside = (work) => (options) => {
    usePublicArithmetic(doors[door]);
    try {
      return work(options);
    } finally {
      usePublicArithmetic(nobleArithmetic);
    }
  };
  return { warmUp: inside(contender.warmUp), round: inside(contender.round) };
}

function deedSecret() {
  for (;;) {
    const secret = scalarFrom48(randomBytes(48), 'secret');
    if (isDeedKey(G.multiply(secret))) return secret;
  }
}

function ourRing(size) {
  const secrets = Array.from({ length: size }, deedSecret);
  const xs = secrets.map((secret) => G.multiply(secret).toAffine().x);
  const place = Math.floor(size / 2);
  const tagDomain = randomBytes(32);
  const tag = compressed(tagOf(tagBase(tagDomain, xs[place], 1), secrets[place]));
  const statement = { message: randomBytes(32), tagDomain, slot: 1, xs, tag };
  const signature = signRing(statement, secrets[place], randomBytes);
  return {
    sign: () => signRing(statement, secrets[place], randomBytes),
    verify: () => mustHold(verifyRing(statement, signature)),
  };
}

function theirRing(size) {
  const curve = new Curve(CurveName.SECP256K1);
  const secrets = Array.from({ length: size }, deedSecret);
  const points = secrets.map((secret) => {
    const { x, y } = G.multiply(secret).toAffine();
    return new Point(curve, [x, y]);
  });
  const ring = sortRing(points);
  const message = randomBytes(32).toString('hex');
  const flag = Buffer.from(addressOf(G)).toString('hex');
  const sign = () => RingSignature.sign(ring, secrets[0], message, curve, flag);
  const signature = sign().toJsonString();
  return { sign, verify: () => mustHold(RingSignature.verify(signature)) };
}

function mustHold(valid) {
  if (!valid) throw new Error('a good signature was refused');
}
