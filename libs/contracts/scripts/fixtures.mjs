/**
 * Writes test/fixtures/fixtures.json: ring signatures, group signatures and one whole transfer for the Solidity tests.
 *
 * Written from protocol sections 5 and 12 on top of @noble/curves alone, apart from libs/crypto, so that the two check
 * each other. Every scalar comes from a counted hash: running it again gives the same file. Secrets here are test data.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { secp256k1_FROST } from '@noble/curves/secp256k1.js';
import {
  concat,
  getBytes,
  getCreateAddress,
  keccak256,
  SigningKey,
  toBeHex,
  toUtf8Bytes,
  TypedDataEncoder,
} from 'ethers';
import { root } from './compile.mjs';

const { Point } = secp256k1;
const G = Point.BASE;
const n = Point.Fn.ORDER;
const p = Point.Fp.ORDER;
const Fp = Point.Fp;

const word = (value) => toBeHex(value, 32);
const hash = (...parts) =>
  keccak256(concat(parts.map((part) => (typeof part === 'string' ? part : toBeHex(part, 32)))));
const tag = (text) => concat([toUtf8Bytes(text)]);
const u8 = (value) => toBeHex(value, 1);
let drawn = 0;
const draw = (what) => (BigInt(hash(tag(`fixture/${what}/${drawn++}`))) % (n - 1n)) + 1n;
const addr = (point) => `0x${keccak256(xy(point)).slice(-40)}`;
const xy = (point) => concat([word(point.toAffine().x), word(point.toAffine().y)]);
const words = (point) => ({ x: word(point.toAffine().x), y: word(point.toAffine().y) });
const compressed = (point) => `0x${point.toHex(true)}`;
const isEven = (point) => point.toAffine().y % 2n === 0n;
const mod = (value, m) => ((value % m) + m) % m;
/** k·X where k may be zero: the point at infinity. */
const times = (point, k) => (mod(k, n) === 0n ? Point.ZERO : point.multiplyUnsafe(mod(k, n)));

/** Deed key with even y. */
function evenKey(secret) {
  return isEven(G.multiply(secret)) ? secret : n - secret;
}

function sqrt(value) {
  const root = Fp.pow(value, (p + 1n) / 4n);
  return Fp.eql(Fp.mul(root, root), value) ? root : undefined;
}

/** Tag base and its roots, one per counter (WITNESS.md). */
function tagBase(domain, px, slot) {
  const roots = [];
  for (let counter = 0; ; counter++) {
    const x = BigInt(hash(domain, word(px), u8(slot), u8(counter)));
    if (x >= n) {
      roots.push(0n);
      continue;
    }
    const right = Fp.create(x * x * x + 7n);
    const y = sqrt(right);
    if (y !== undefined) {
      const even = y % 2n === 0n ? y : p - y;
      return { point: Point.fromAffine({ x, y: even }), roots: [...roots, even] };
    }
    roots.push(sqrt(Fp.neg(right)));
  }
}

const ringHashOf = (slot, xs) => hash(tag('cpds/v1/ring'), u8(slot), ...xs.map(word));

function nextChallenge({ message, ringHash, I }, L, R) {
  const left = L.is0() ? `0x${'00'.repeat(20)}` : addr(L);
  const right = R.is0() ? `0x${'00'.repeat(64)}` : xy(R);
  return BigInt(hash(tag('cpds/v1/lsag'), message, ringHash, xy(I), left, right)) % n;
}

/** Signs; returns (c0, s). */
function sign({ domain, message, slot, xs, index, secret }) {
  const keys = xs.map((x) => Point.fromHex(`02${word(x).slice(2)}`));
  const bases = xs.map((x) => tagBase(domain, x, slot).point);
  const I = bases[index].multiply(secret);
  const context = { message, ringHash: ringHashOf(slot, xs), I };
  const k = xs.length;
  const nonce = draw('nonce');
  const s = new Array(k);
  const c = new Array(k);
  c[(index + 1) % k] = nextChallenge(context, G.multiply(nonce), bases[index].multiply(nonce));
  for (let step = 1; step < k; step++) {
    const i = (index + step) % k;
    s[i] = draw('answer');
    const L = times(G, s[i]).add(times(keys[i], c[i]));
    const R = times(bases[i], s[i]).add(times(I, c[i]));
    c[(i + 1) % k] = nextChallenge(context, L, R);
  }
  s[index] = mod(nonce - c[index] * secret, n);
  return { I, c0: c[0], s };
}

/** Witness of a compact signature, also of one that must be refused: words that cannot be computed are zero. */
function expand({ domain, message, slot, xs, I, c0, s }) {
  const context = { message, ringHash: ringHashOf(slot, xs), I };
  const out = [];
  const lengths = [];
  let c = c0;
  xs.forEach((px, i) => {
    const key = Point.fromHex(`02${word(px).slice(2)}`);
    const base = tagBase(domain, px, slot);
    const A = times(base.point, s[i]);
    const B = times(I, c);
    const a = A.is0() ? { x: 0n, y: 0n } : A.toAffine();
    const b = B.is0() ? { x: 0n, y: 0n } : B.toAffine();
    const slope = a.x === b.x ? 0n : Fp.mul(Fp.sub(b.y, a.y), Fp.inv(Fp.sub(b.x, a.x)));
    const member = [s[i], a.x, a.y, b.x, b.y, slope, ...base.roots];
    out.push(...member);
    lengths.push(member.length);
    c = nextChallenge(context, times(G, s[i]).add(times(key, c)), A.add(B));
  });
  return { witness: out.map(word), lengths, closes: c === c0 };
}

function ringCase(why, { domain, message, slot, xs, I, c0, s }) {
  const { witness, lengths, closes } = expand({ domain, message, slot, xs, I, c0, s });
  return {
    why,
    domain,
    message,
    slot,
    xs: xs.map(word),
    tagX: words(I).x,
    tagY: words(I).y,
    ringHash: ringHashOf(slot, xs),
    c0: word(c0),
    witness,
    lengths,
    closes,
    compact: concat([compressed(I), word(c0), ...s.map(word)]),
  };
}

/** FROST with three of five over a dealt key: the same arithmetic that storemen use. */
function frostGroup() {
  let counter = 0;
  const random = (length = 32) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 32)
      bytes.set(getBytes(hash(tag(`fixture/frost/${counter++}`))).slice(0, Math.min(32, length - at)), at);
    return bytes;
  };
  const ids = [1, 2, 3, 4, 5].map((i) => secp256k1_FROST.Identifier.fromNumber(i));
  const deal = secp256k1_FROST.trustedDealer({ min: 3, max: 5 }, ids, undefined, random);
  const Y = Point.fromBytes(deal.public.commitments[0]);
  const signers = ids.slice(1, 4);
  return {
    Y,
    sign(digest) {
      const message = getBytes(digest);
      const drawnNonces = signers.map((id) => ({ id, ...secp256k1_FROST.commit(deal.secretShares[id], random) }));
      const list = drawnNonces.map(({ commitments }) => commitments);
      const shares = Object.fromEntries(
        drawnNonces.map(({ id, nonces }) => [
          id,
          secp256k1_FROST.signShare(deal.secretShares[id], deal.public, nonces, list, message),
        ]),
      );
      const signature = secp256k1_FROST.aggregate(deal.public, list, message, shares);
      if (!secp256k1_FROST.verify(signature, message, deal.public.commitments[0]))
        throw new Error('bad group signature');
      const R = Point.fromBytes(signature.slice(0, 33));
      return { rx: words(R).x, ry: words(R).y, z: `0x${Buffer.from(signature.slice(33)).toString('hex')}` };
    },
  };
}

const grantTypes = {
  Grant: [
    ['bytes32', 'nonce'], ['address', 'lockedAccount'], ['bytes32', 'destinationUid'], ['address', 'mappedDeeds'],
    ['uint8', 'slot'], ['bytes', 'tag'], ['bytes', 'recipientKey'], ['bytes', 'ephemeralKey'], ['bytes1', 'viewTag'],
    ['address', 'revoker'], ['bytes32', 'termsHash'], ['bytes32', 'sealedKeyHash'], ['uint64', 'lockBefore'],
    ['uint64', 'mintBefore'], ['uint64', 'notAfter'],
  ].map(([type, name]) => ({ type, name })),
}; // prettier-ignore
const domainOf = (salt) => ({ name: 'CPDS', version: '1', salt });
const digestOf = (salt, type, value) => {
  const [, name, list] = /^(\w+)\((.*)\)$/.exec(type);
  const fields = list.split(',').map((field) => ({ type: field.split(' ')[0], name: field.split(' ')[1] }));
  return TypedDataEncoder.hash(domainOf(salt), { [name]: fields }, value);
};

/** One transfer: contracts made by known accounts at known nonces, a cohort of 16, the lock, and every statement. */
function transfer() {
  const home = { uid: hash(tag('home')), deployer: '0x00000000000000000000000000000000000A11CE' };
  const destination = { uid: hash(tag('destination')), deployer: '0x0000000000000000000000000000000000000B0B' };
  const lockedAccount = getCreateAddress({ from: home.deployer, nonce: 1 });
  const mappedDeeds = getCreateAddress({ from: destination.deployer, nonce: 1 });
  const domain = hash(tag('cpds/v1/tag-base'), home.uid, lockedAccount);
  const secrets = Array.from({ length: 16 }, () => evenKey(draw('deed')));
  const deeds = secrets
    .map((secret) => ({ secret, ...G.multiply(secret).toAffine(), commitment: hash(tag(`record/${secret}`)) }))
    .sort((a, b) => (a.x < b.x ? -1 : 1));
  const xs = deeds.map((deed) => deed.x);
  const [index, slot] = [9, 42];
  const q = draw('q');
  const revokerSecret = draw('revoker');
  const I = tagBase(domain, xs[index], slot).point.multiply(deeds[index].secret);
  const Q = G.multiply(q);
  const R = G.multiply(draw('ephemeral'));
  const start = 1_700_000_000;
  const grant = {
    nonce: hash(tag('nonce')),
    lockedAccount,
    destinationUid: destination.uid,
    mappedDeeds,
    slot,
    tag: compressed(I),
    recipientKey: compressed(Q),
    ephemeralKey: compressed(R),
    viewTag: '0x7e',
    revoker: addr(G.multiply(revokerSecret)),
    termsHash: hash(tag('terms')),
    sealedKeyHash: hash(tag('capsule')),
    lockBefore: start + 60,
    mintBefore: start + 600,
    notAfter: start + 86_400,
  };
  const grantId = TypedDataEncoder.hash(domainOf(home.uid), grantTypes, grant);
  const ring = { domain, message: grantId, slot, xs };
  const signature = sign({ ...ring, index, secret: deeds[index].secret });
  // The same deed and slot again, in another grant, for the refusal of a used tag.
  const second = { ...grant, nonce: hash(tag('nonce 2')) };
  const secondId = TypedDataEncoder.hash(domainOf(home.uid), grantTypes, second);
  const secondRing = { domain, message: secondId, slot, xs };
  const secondSignature = sign({ ...secondRing, index, secret: deeds[index].secret });
  const group = frostGroup();
  const ecdsa = (secret, digest) => new SigningKey(word(secret)).sign(digest).serialized;
  const revokeDigest = digestOf(home.uid, 'Revoke(bytes32 grantId)', { grantId });
  const giveBackDigest = digestOf(home.uid, 'GiveBack(bytes32 grantId)', { grantId });
  const mintDigest = digestOf(destination.uid, 'Mint(address mappedDeeds,bytes32 grantId)', { mappedDeeds, grantId });
  const notMappedDigest = digestOf(home.uid, 'NotMapped(address lockedAccount,bytes32 grantId)', {
    lockedAccount,
    grantId,
  });
  return {
    homeUid: home.uid,
    destinationUid: destination.uid,
    homeDeployer: home.deployer,
    destinationDeployer: destination.deployer,
    start,
    keyId: hash(tag('key')),
    key: words(group.Y),
    xs: xs.map(word),
    ys: deeds.map((deed) => word(deed.y)),
    commitments: deeds.map((deed) => deed.commitment),
    grant: { ...grant, tag: words(I), recipientKey: words(Q), ephemeralKey: words(R) },
    ephemeralKey: grant.ephemeralKey,
    grantId,
    recipient: addr(Q),
    revokeDigest,
    giveBackDigest,
    mintDigest,
    notMappedDigest,
    lock: ringCase('the lock of the transfer', { ...ring, I, c0: signature.c0, s: signature.s }),
    second: {
      nonce: second.nonce,
      grantId: secondId,
      lock: ringCase('the same deed and slot', { ...secondRing, I, c0: secondSignature.c0, s: secondSignature.s }),
    },
    revokeSignature: ecdsa(revokerSecret, revokeDigest),
    giveBackSignature: ecdsa(q, giveBackDigest),
    secondRevokeSignature: ecdsa(revokerSecret, digestOf(home.uid, 'Revoke(bytes32 grantId)', { grantId: secondId })),
    secondGiveBackSignature: ecdsa(q, digestOf(home.uid, 'GiveBack(bytes32 grantId)', { grantId: secondId })),
    mint: group.sign(mintDigest),
    notMapped: group.sign(notMappedDigest),
  };
}

const vectors = JSON.parse(readFileSync(join(root, '../crypto/vectors/cpds-v1.json'), 'utf8'));
const fromVector = (vector) => ({
  domain: `0x${vectors.tagDomain}`,
  message: `0x${vector.message}`,
  slot: vector.slot,
  xs: vector.ring.map((x) => BigInt(`0x${x}`)),
  I: Point.fromHex(vector.tag),
  c0: BigInt(`0x${vector.c0}`),
  s: vector.s.map((s) => BigInt(`0x${s}`)),
});

const fixtures = {
  lsag: vectors.lsag.map((vector, i) => ringCase(`vector ${i}`, fromVector(vector))),
  lsagInvalid: vectors.lsagInvalid.map((vector) => ringCase(vector.why, fromVector(vector))),
  transfer: transfer(),
};
writeFileSync(join(root, 'test/fixtures/fixtures.json'), `${JSON.stringify(fixtures, null, 1)}\n`);
console.log(
  [...fixtures.lsag, ...fixtures.lsagInvalid, fixtures.transfer.lock, fixtures.transfer.second.lock]
    .map(({ why, closes, witness }) => `${closes ? 'closes' : 'open  '} ${witness.length} words: ${why}`)
    .join('\n'),
);
