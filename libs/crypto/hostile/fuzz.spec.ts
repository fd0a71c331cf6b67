/**
 * Every wire type that this library reads, given noise and damaged copies of what it writes: the only error is a
 * CryptoError, and accepted values are written back to the same bytes. `CPDS_FUZZ_RUNS` goes deeper than the default.
 */

import fc from 'fast-check';
import * as crypto from './library.js';
import { random, restart } from './mutants.js';

restart();

const numRuns = Number(process.env.CPDS_FUZZ_RUNS ?? 100);
const b = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const same = <T>(value: T) => value;

/** One wire type; `again` writes what `read` has taken. Text travels as its UTF-8. */
interface WireType {
  valid: Uint8Array;
  again: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** Other forms of `valid` that a reader might accept for it: tried before the noise. */
  others?: readonly Uint8Array[];
  /** Reading takes a millisecond or more, so there are fewer runs. */
  isSlow?: boolean;
}

const { G } = crypto.curve;
const metaAddress = crypto.stealth.formatMetaAddress({ spendingKey: G, viewingKey: G.multiply(3n) });
const hexOf = metaAddress.slice('st:eth:0x'.length);
const statement = {
  use: 'open' as const,
  A: G,
  X: G.multiply(5n),
  B: crypto.ring.gBar(),
  Z: crypto.ring.gBar().multiply(5n),
};
const proof = crypto.dleq.proveDleq({ ...statement, message: b(32) }, 5n, random);
const capsule = crypto.capsule.sealCapsule(
  { fileKey: b(16), label: b(32), recipientKey: G.multiply(7n), ySeal: G },
  random,
);
const identity = crypto.age.encodeIdentity(b(32));
const recipient = crypto.age.recipientOf(identity);
const foreign = { args: ['ssh-ed25519', 'abc'], body: b(48) };
const header = crypto.age.sealHeader(b(16), [crypto.age.wrapFileKey(b(16), recipient, b(32)), foreign]);
const headerBytes = crypto.age.serializeHeader(header);
/** Stands in for scrypt at no cost: a damaged work factor must not take all memory. */
const scrypt: crypto.age.Scrypt = async (passphrase, salt, logN) =>
  crypto.hash.sha256(passphrase, salt, Uint8Array.of(logN));
const backup = crypto.age.serializeHeader(
  await crypto.age.createPassphraseHeader(b(16), 'horse', { salt: b(16), scrypt }),
);
const signer = crypto.tlog.noteSigner('log.example', b(32));
const verifier = crypto.tlog.verifierOf(signer);
const checkpoint = { origin: 'log.example', size: 5, root: b(32) };
const signedCheckpoint = crypto.tlog.signCheckpoint(checkpoint, signer);
const witness = crypto.tlog.noteSigner('witness.example', b(32, 8));
const witnessKey = crypto.tlog.verifierOf(witness);
const cosignature = crypto.tlog.cosign(crypto.tlog.formatCheckpoint(checkpoint), 1_700_000_000, witness);
const witnessed = signedCheckpoint + crypto.tlog.formatSignature(cosignature);
const policy = { log: verifier, witnesses: [witnessKey], quorum: 1 };
const logProof = crypto.tlog.formatLogProof({
  index: 2,
  hashes: [b(32), b(32, 8)],
  checkpoint: witnessed,
  extra: b(20),
});
const hpke = await crypto.hpke.deriveKey(b(32));
const hpkeMessage = await crypto.hpke.seal(hpke.publicKey, b(3), b(20));
const atRest = crypto.custody.sealAtRest(b(32), 'share/1', b(20), b(12));
const ring = new crypto.custody.KeyRing(b(32), [b(32, 8)]);
const session = b(32);
const roundMessages: crypto.ceremony.RoundMessage[] = [
  { kind: 'keys', member: 2, keys: new Map([1, 3].map((dealer) => [dealer, b(65, dealer)])) },
  { kind: 'commitments', member: 2, points: [b(33), b(33, 8)], proof: b(65) },
  { kind: 'shares', member: 2, sealed: new Map([[1, b(113)]]) },
  { kind: 'complaints', member: 1, complaints: [{ dealer: 2, revealed: b(32) }] },
  { kind: 'verdict', member: 1, dealers: [2, 3], receivers: [1] },
  { kind: 'finish', member: 1, transcript: b(32) },
  { kind: 'nonce-commitment', member: 1, commitment: { index: 1, hiding: b(33), binding: b(33, 8) } },
  { kind: 'signature-share', member: 1, share: { index: 1, share: b(32) } },
];
const payload = await whole(crypto.age.sealPayload([b(100)], b(16), b(16), crypto.age.portableAead));
const group = { key: crypto.curve.compressed(G.multiply(9n)), z: crypto.curve.scalarBytes(77n) };

/** Text of bytes: damaged UTF-8 is no text, so nothing reads it. */
const text = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
const ofText = <T>(
  valid: string,
  read: (text: string) => T,
  write: (value: T) => string,
  others: readonly string[] = [],
): WireType => ({
  valid: crypto.bytes.utf8(valid),
  others: others.map(crypto.bytes.utf8),
  again: (bytes) => {
    const written = write(read(text(bytes)));
    return crypto.bytes.equalBytes(crypto.bytes.utf8(text(bytes)), crypto.bytes.utf8(written))
      ? bytes
      : crypto.bytes.utf8(written);
  },
});
/** Sealed bytes open only unchanged, whatever they hold. */
const sealed = (valid: Uint8Array, open: (bytes: Uint8Array) => unknown): WireType => ({
  valid,
  again: async (bytes) => {
    await open(bytes);
    return valid;
  },
});

const wireTypes: Record<string, WireType> = {
  point: {
    valid: crypto.curve.compressed(G),
    again: (bytes) => crypto.curve.compressed(crypto.curve.parsePoint(bytes, 'x')),
    others: [4, 6, 7].map((head) => crypto.bytes.concat(b(1, head), crypto.curve.xy(G))),
  },
  scalar: {
    valid: crypto.curve.scalarBytes(5n),
    again: (bytes) => crypto.curve.scalarBytes(crypto.curve.parseScalar(bytes, 'x')),
    others: [0n, crypto.curve.N, crypto.curve.N + 5n].map(crypto.bytes.u256),
  },
  'ring signature': {
    valid: crypto.ring.compactSignature({ tag: G, c0: 5n, s: [6n, 7n] }),
    again: (bytes) => crypto.ring.compactSignature(crypto.ring.parseRingSignature(bytes, 2)),
  },
  'DLEQ proof': {
    valid: crypto.dleq.dleqBytes(proof),
    again: (bytes) => crypto.dleq.dleqBytes(crypto.dleq.parseDleq(bytes, 'x')),
  },
  capsule: {
    valid: capsule,
    again: (bytes) => {
      const { C, cBar, proof: inside, wrapped } = crypto.capsule.parseCapsule(bytes);
      return crypto.bytes.concat(
        crypto.curve.compressed(C),
        crypto.curve.compressed(cBar),
        crypto.dleq.dleqBytes(inside),
        wrapped,
      );
    },
  },
  'group signature': {
    valid: crypto.bytes.concat(group.key, group.z),
    again: (bytes) => {
      const { Rx, Ry, z } = crypto.frost.signatureWords(bytes);
      return crypto.bytes.concat(
        crypto.curve.compressed(crypto.curve.Point.fromAffine({ x: Rx, y: Ry })),
        crypto.curve.scalarBytes(z),
      );
    },
  },
  'meta-address': ofText(metaAddress, crypto.stealth.parseMetaAddress, crypto.stealth.formatMetaAddress, [
    metaAddress.replace('0x', '0x0x'),
    metaAddress.replace('st:eth', 'ST:ETH'),
    `st:eth:0x${hexOf.toUpperCase()}`,
    `st:eth:${hexOf}`,
  ]),
  'age header': { valid: headerBytes, again: (bytes) => crypto.age.serializeHeader(crypto.age.parseHeader(bytes)) },
  'age header that opens': sealed(headerBytes, (bytes) =>
    crypto.age.unwrapHeader(crypto.age.parseHeader(bytes), identity),
  ),
  'wallet backup': sealed(backup, (bytes) =>
    crypto.age.openPassphraseHeader(crypto.age.parseHeader(bytes), 'horse', scrypt),
  ),
  'age payload': sealed(payload, (bytes) => whole(crypto.age.openPayload([bytes], b(16), crypto.age.portableAead))),
  'age recipient': ofText<Uint8Array>(recipient, (one) => crypto.age.decodeRecipient(one), crypto.age.encodeRecipient, [
    recipient.toUpperCase(),
  ]),
  'age identity': ofText<Uint8Array>(identity, (one) => crypto.age.decodeIdentity(one), crypto.age.encodeIdentity, [
    identity.toLowerCase(),
  ]),
  'HPKE public key': {
    valid: hpke.publicKey,
    again: (bytes) => crypto.hpke.checkPublicKey(bytes, 'x'),
  },
  'HPKE message': {
    ...sealed(hpkeMessage, (bytes) => crypto.hpke.open(hpke.privateKey, b(3), bytes)),
    isSlow: true,
  },
  'secret at rest': sealed(atRest, (bytes) => crypto.custody.openAtRest(b(32), 'share/1', bytes)),
  'secret under a key ring': sealed(ring.seal('share/1', b(20), b(12)), (bytes) => ring.open('share/1', bytes)),
  ...Object.fromEntries(
    roundMessages.map((message): [string, WireType] => [
      `${message.kind} message`,
      {
        valid: crypto.ceremony.encodeMessage(session, message),
        again: (bytes) => crypto.ceremony.encodeMessage(session, crypto.ceremony.decodeMessage(session, bytes)),
      },
    ]),
  ),
  'witness key': ofText(
    crypto.tlog.formatWitnessKey(witnessKey),
    crypto.tlog.parseWitnessKey,
    crypto.tlog.formatWitnessKey,
  ),
  note: ofText(witnessed, crypto.tlog.parseNote, crypto.tlog.formatNote),
  // One bad line of a known key refuses the whole, and each key signs one text once; lines of strangers may be there.
  'witnessed checkpoint': {
    ...ofText(
      witnessed,
      (note) => ({ note, opened: crypto.tlog.openWitnessed(note, policy) }),
      ({ note, opened }) =>
        opened.size === 5 && opened.cosignatures[0]!.timestamp === 1_700_000_000 ? note : 'another statement',
    ),
    isSlow: true,
  },
  'proof file': ofText(logProof, crypto.tlog.parseLogProof, crypto.tlog.formatLogProof, [
    logProof.replace('index 2', 'index 02'),
    logProof.replaceAll('\n', '\r\n'),
    logProof.replace(/^extra .*$/m, 'extra '),
  ]),
  'verifier key': ofText(
    crypto.tlog.formatVerifierKey(verifier),
    crypto.tlog.parseVerifierKey,
    crypto.tlog.formatVerifierKey,
  ),
  // Ed25519 by RFC 8032 is strict, so one text has one signature; lines of unknown keys may be there besides.
  'signed note': ofText(
    crypto.tlog.signNote('text\n', signer),
    (note) => ({ note, ...crypto.tlog.openNote(note, [verifier]) }),
    ({ note, text: signed }) => (signed === 'text\n' ? note : 'another text'),
  ),
  // Extension lines are allowed and left out, so the rest is put back.
  checkpoint: ofText(
    crypto.tlog.formatCheckpoint(checkpoint),
    (lines) => ({ lines, known: crypto.tlog.formatCheckpoint(crypto.tlog.parseCheckpoint(lines)) }),
    ({ lines, known }) => known + lines.slice(known.length),
    ['log.example\n05\n', 'log.example\n+5\n', 'log.example\n5e0\n'].map(
      (head) => head + crypto.tlog.formatCheckpoint(checkpoint).slice(14),
    ),
  ),
  'tile path': ofText(
    'tile/8/x001/234.p/17',
    crypto.tlog.parseTilePath,
    ({ level, index, width }) =>
      level === 'entries' ? crypto.tlog.entriesPath({ index, width }) : crypto.tlog.tilePath({ level, index, width }),
    ['tile/08/x001/234.p/17', 'tile/8/x000/x001/234', 'tile/8/000.p/256', 'tile/entries/0', 'tile/8/000.p/0'],
  ),
  'entry bundle': {
    valid: crypto.tlog.encodeEntries([b(3), b(0), b(20)]),
    again: (bytes) => crypto.tlog.encodeEntries(crypto.tlog.decodeEntries(bytes)),
  },
  // No function reads canonical JSON alone, so check that the canonical form of any JSON is its own canonical form.
  'canonical JSON': {
    valid: crypto.bytes.utf8('{"a":[1,true,null,"é",1e+30],"b":{}}'),
    again: (bytes) => {
      const form = crypto.canonicalJson.canonicalText(readJson(text(bytes)));
      return crypto.canonicalJson.canonicalText(readJson(form)) === form ? bytes : crypto.bytes.utf8(form);
    },
  },
};

/** Damage: a bit turned, bytes cut off, put in, taken out, or put twice. */
const damaged = (valid: Uint8Array) => {
  const at = fc.nat(Math.max(0, valid.length - 1));
  const some = fc.uint8Array({ minLength: 1, maxLength: 40 });
  return fc.oneof(
    fc.tuple(at, fc.nat(7)).map(([i, bit]) => valid.map((byte, j) => (i === j ? byte ^ (1 << bit) : byte))),
    at.map((i) => valid.slice(0, i)),
    fc.tuple(at, some).map(([i, more]) => crypto.bytes.concat(valid.slice(0, i), more, valid.slice(i))),
    fc.tuple(at, some).map(([i, more]) => crypto.bytes.concat(valid.slice(0, i), more, valid.slice(i + more.length))),
    fc.tuple(at, at).map(([i, j]) => crypto.bytes.concat(valid.slice(0, Math.max(i, j)), valid.slice(Math.min(i, j)))),
    fc.constantFrom(
      crypto.bytes.concat(valid, b(1, 0)),
      crypto.bytes.concat(valid, valid),
      crypto.bytes.concat(b(1, 0), valid),
    ),
  );
};

describe('a reader of a wire type', () => {
  it.each(Object.entries(wireTypes))(
    'takes of a damaged %s what it writes itself, and nothing else',
    async (_, wire) => {
      expect(await wire.again(wire.valid)).toEqual(wire.valid);
      const input = fc.oneof(
        { weight: 4, arbitrary: damaged(wire.valid) },
        fc.uint8Array({ maxLength: 300 }).map(same),
      );
      await fc.assert(
        fc.asyncProperty(input, async (bytes) => {
          try {
            expect(await wire.again(bytes)).toEqual(bytes);
          } catch (error) {
            if (!(error instanceof crypto.CryptoError)) throw error;
          }
        }),
        {
          examples: (wire.others ?? []).map((other) => [other]),
          numRuns: wire.isSlow ? Math.ceil(numRuns / 5) : numRuns,
        },
      );
    },
  );
});

function readJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new crypto.CryptoError('not-json', 'json', 'is none');
  }
}

async function whole(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return crypto.bytes.concat(...parts);
}
