/** A valid call of every export that keeps records: age, HPKE, custody, the log; and of the Node door. */

import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as crypto from '../src/index.js';
import { decryptStream, encryptStream } from '../src/node.js';
import type { Call } from './mutants.js';

const FIELD = 'the name that an error carries';
const b = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const isFalse = (result: unknown) => result === false;
const identity = crypto.encodeIdentity(b(32));
const recipient = crypto.recipientOf(identity);
const header = crypto.createHeader(b(16), [recipient]);
const headerBytes = crypto.serializeHeader(header);
const stanza = header.stanzas[0]!;
const easy = { logN: 1, salt: b(16) };
const passphrase = await crypto.createPassphraseHeader(b(16), 'correct horse', easy);
const aead = crypto.portableAead;
const payload = await collected(crypto.sealPayload([b(5)], b(16), b(16), aead));
const file = await collected(crypto.sealFile([b(5)], { recipients: [recipient] }));
const hpke = await crypto.deriveHpkeKey(b(32));
const message = await crypto.hpkeSeal(hpke.publicKey, b(3), b(4));
const atRest = crypto.sealAtRest(b(32), 'share/1', b(5), b(12));
const signer = crypto.noteSigner('log.example', b(32));
const verifier = crypto.verifierOf(signer);
const note = crypto.signNote('text\n', signer);
const leaves = [1, 2, 3].map((i) => crypto.leafHash(b(1, i)));
const read = ({ level, index }: crypto.TreeNode) =>
  level === 0 ? leaves[index]! : crypto.nodeHash(leaves[2 * index]!, leaves[2 * index + 1]!);
const root = crypto.hashRange({ from: 0, to: 3 }, read);
const pair = crypto.hashRange({ from: 0, to: 2 }, read);
const checkpoint = { origin: 'log.example', size: 3, root };
const signed = crypto.signCheckpoint(checkpoint, signer);
const checkpointText = crypto.formatCheckpoint(checkpoint);
const witness = crypto.noteSigner('witness.example', b(32, 8));
const witnessKey = crypto.verifierOf(witness);
const cosignature = crypto.cosign(checkpointText, 1, witness);
const witnessed = signed + crypto.formatSignature(cosignature);
const policy = { log: verifier, witnesses: [witnessKey], quorum: 1 };
const logProof = { index: 2, hashes: [pair], checkpoint: witnessed, extra: b(3) };
const AEAD = 'a pluggable cipher, not a value';

/** Everything that a stream gives. */
async function collected(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return crypto.concat(...parts);
}

/** The first items of a sequence that may be long. */
const begun = (sequence: Iterable<unknown>) => sequence[Symbol.iterator]().next();

export const ageCalls: Record<string, Call> = {
  encodeRecipient: { args: [b(32)] },
  encodeIdentity: { args: [b(32)] },
  decodeRecipient: { args: [recipient, 'x'], skip: { 1: FIELD } },
  decodeIdentity: { args: [identity, 'x'], skip: { 1: FIELD } },
  recipientOf: { args: [identity] },
  serializeStanza: {
    args: [stanza],
    free: { '0.args': 'one argument may stand twice', '0.args.0': 'any word', '0.body': 'any length' },
  },
  parseStanza: {
    args: [['-> X25519 abc', 'aGk'], 0],
    free: { '0': 'lines that follow are not read' },
    skip: { 1: 'a place of the program' },
  },
  decodeBase64: { args: ['aGk', 'x'], free: { 0: 'the empty text is no bytes' }, skip: { 1: FIELD } },
  wrapFileKey: { args: [b(16), recipient, b(32)], optional: ['2'] },
  unwrapStanza: { args: [stanza, identity], no: (result) => result === null },
  createHeader: { args: [b(16), [recipient, recipient]], free: { 1: 'a recipient may stand twice' } },
  sealHeader: {
    args: [b(16), [stanza]],
    free: { 1: 'parsing counts them', '1.0.args': 'any', '1.0.args.0': 'any', '1.0.body': 'any' },
  },
  serializeHeader: {
    args: [header],
    free: {
      '0.stanzas': 'parsing counts them',
      '0.stanzas.0.args': 'any',
      '0.stanzas.0.args.0': 'any',
      '0.stanzas.0.body': 'any',
    },
  },
  parseHeader: { args: [headerBytes] },
  headerLength: { args: [headerBytes], free: { 0: 'finds the end' } },
  unwrapHeader: { args: [header, identity] },
  checkHeaderMac: { args: [header, b(16)] },
  createPassphraseHeader: {
    args: [b(16), 'correct horse', easy],
    free: { 1: 'any well-formed text' },
    indices: ['2.logN'],
    optional: ['2.logN', '2.salt'],
  },
  openPassphraseHeader: { args: [passphrase, 'correct horse'] },
  portableScrypt: { args: [b(3), b(16), 1], free: { 0: 'any', 1: 'any' }, indices: ['2'] },
  scryptCost: { args: [b(3), b(16), 1], free: { 0: 'any', 1: 'any' }, indices: ['2'] },
  sealFile: {
    args: [b(5), { recipients: [recipient] }],
    free: { 0: 'any length', '1.recipients': 'a recipient may stand twice' },
    run: (piece: Uint8Array, lock: crypto.AgeLock) => collected(crypto.sealFile([piece], lock)),
  },
  openFile: {
    args: [file, { identity }],
    run: (piece: Uint8Array, unlock: crypto.AgeUnlock) => collected(crypto.openFile([piece], unlock)),
  },
  payloadLength: { args: [5] },
  payloadKey: { args: [b(16), b(16)] },
  sealPayload: {
    args: [b(5), b(16), b(16)],
    free: { 0: 'any length' },
    run: (piece: Uint8Array, key: Uint8Array, nonce: Uint8Array) =>
      collected(crypto.sealPayload([piece], key, nonce, aead)),
  },
  PayloadSealer: {
    args: [b(5), b(16), b(16)],
    free: { 0: 'any length' },
    run: (piece: Uint8Array, key: Uint8Array, nonce: Uint8Array) => {
      const sealer = new crypto.PayloadSealer(key, nonce, aead);
      return [...sealer.push(piece), ...sealer.end()];
    },
  },
  PayloadOpener: {
    args: [payload.slice(16), b(16), payload.slice(0, 16)],
    run: (piece: Uint8Array, key: Uint8Array, nonce: Uint8Array) => {
      const opener = new crypto.PayloadOpener(key, nonce, aead);
      return [...opener.push(piece), ...opener.end()];
    },
  },
  openPayload: {
    args: [payload, b(16)],
    run: (piece: Uint8Array, key: Uint8Array) => collected(crypto.openPayload([piece], key, aead)),
  },
  openChunk: {
    args: [aead, crypto.payloadKey(b(16), b(16)), payload.slice(16), 0, true],
    skip: { 0: AEAD },
  },
  splitFile: {
    args: [headerBytes],
    free: { 0: 'what follows the header is payload' },
    run: (piece: Uint8Array) => crypto.splitFile([piece]),
  },
  PayloadReader: {
    args: [payload.length, payload, b(16)],
    free: { 1: 'longer than it says' },
    run: async (length: number, bytes: Uint8Array, key: Uint8Array) => {
      const source = { length, read: async (from: number, to: number) => bytes?.slice?.(from, to) };
      const reader = await crypto.PayloadReader.open(source, key, aead);
      return collected(reader.read(0, reader.length));
    },
  },
};

export const custodyCalls: Record<string, Call> = {
  generateHpkeKey: { args: [] },
  deriveHpkeKey: { args: [b(32)], free: { 0: '32 bytes or more' } },
  hpkePublicKey: { args: [hpke.privateKey, 'x'], skip: { 1: FIELD }, scalars: [] },
  checkHpkePublicKey: { args: [hpke.publicKey, 'x', 'y'], skip: { 1: FIELD, 2: FIELD } },
  hpkeSeal: { args: [hpke.publicKey, b(3), b(4)], free: { 1: 'any', 2: 'any' } },
  hpkeOpen: { args: [hpke.privateKey, b(3), message] },
  sealAtRest: { args: [b(32), 'share/1', b(5), b(12)], optional: ['3'], free: { 1: 'any ASCII', 2: 'any' } },
  KeyRing: {
    args: [b(32), [b(32, 8), b(32, 9)], 'share/1', b(5), b(12)],
    free: { 1: 'maybe none', 2: 'any ASCII', 3: 'any' },
    optional: ['1', '4'],
    run: (current: Uint8Array, former: Uint8Array[], name: string, secret: Uint8Array, nonce: Uint8Array) => {
      const ring = new crypto.KeyRing(current, former);
      return ring.open(name, ring.seal(name, secret, nonce));
    },
  },
  parseKek: { args: [b(32), 'x'], skip: { 1: FIELD } },
  PassphraseKeyEncryption: {
    args: ['correct horse', { logN: 1 }, b(5)],
    free: { 0: 'any well-formed text', 2: 'any' },
    optional: ['1.logN'],
    indices: ['1.logN'],
    run: async (words: string, options: crypto.PassphraseOptions, secret: Uint8Array) => {
      const custodian = new crypto.PassphraseKeyEncryption(words, options);
      return custodian.open(await custodian.seal(secret));
    },
  },
  openAtRest: { args: [b(32), 'share/1', atRest] },
};

export const logCalls: Record<string, Call> = {
  emptyRoot: { args: [] },
  leafHash: { args: [b(3)], free: { 0: 'any entry' } },
  nodeHash: { args: [b(32), b(32)] },
  assertCount: { args: [5, 'x'], skip: { 1: FIELD } },
  subtreesOf: { args: [{ from: 0, to: 3 }] },
  hashRange: { args: [{ from: 0, to: 3 }, read] },
  foldSubtrees: { args: [[b(32), b(32, 8)]], free: { 0: 'two subtrees may be alike' } },
  inclusionRanges: { args: [1, 3] },
  consistencyRanges: { args: [1, 3] },
  proofOf: { args: [[{ from: 0, to: 2 }], read], free: { 0: 'empty for the whole tree' } },
  verifyInclusion: { args: [leaves[2], 2, 3, [pair], root], no: isFalse },
  verifyConsistency: { args: [2, 3, [leaves[2]], pair, root], no: isFalse },
  frontierOf: { args: [3, read] },
  frontierRoot: {
    args: [{ size: 3, hashes: [pair, leaves[2]] }],
    free: { '0.hashes': 'alike' },
    skip: { '0.size': 'not read here' },
  },
  appendLeaf: {
    args: [{ size: 3, hashes: [pair, leaves[2]] }, b(32)],
    free: { '0.hashes': 'two subtrees may be alike' },
  },
  noteSigner: { args: ['log.example', b(32)], free: { 0: 'any name without spaces and +' } },
  verifierOf: { args: [signer], skip: { 0: 'picks two fields' } },
  formatVerifierKey: { args: [verifier], free: { '0.name': 'any name without spaces and +' } },
  parseVerifierKey: { args: [crypto.formatVerifierKey(verifier)] },
  formatWitnessKey: { args: [witnessKey], free: { '0.name': 'any name without spaces and +' } },
  parseWitnessKey: { args: [crypto.formatWitnessKey(witnessKey)] },
  parseNote: { args: [note] },
  formatNote: {
    args: [crypto.parseNote(note)],
    free: {
      '0.text': 'any lines',
      '0.signatures.0.name': 'any name without spaces and +',
      '0.signatures.0.signature': 'any length',
    },
  },
  formatSignature: {
    args: [cosignature],
    free: { '0.name': 'any name without spaces and +', '0.signature': 'any length' },
  },
  cosign: { args: [checkpointText, 1, witness], skip: { 2: 'the witness’s own signer' } },
  verifyCosignature: { args: [checkpointText, cosignature, witnessKey] },
  openWitnessed: { args: [witnessed, policy] },
  formatLogProof: {
    args: [logProof],
    free: { '0.hashes': 'verifyLogProof asks where they lead', '0.extra': 'any but none' },
    optional: ['0.extra'],
  },
  parseLogProof: { args: [crypto.formatLogProof(logProof)] },
  verifyLogProof: { args: [crypto.formatLogProof(logProof), leaves[2], policy] },
  signNote: { args: ['text\n', signer], skip: { '1': 'the node’s own signer' } },
  openNote: { args: [note, [verifier]] },
  formatCheckpoint: {
    args: [{ ...checkpoint, extensions: ['one', 'two'] }],
    free: { '0.origin': 'any line', '0.extensions': 'any number', '0.extensions.0': 'any line' },
    optional: ['0.extensions'],
  },
  parseCheckpoint: { args: [crypto.formatCheckpoint(checkpoint)] },
  signCheckpoint: {
    args: [checkpoint, signer],
    free: { '0.origin': 'any line' },
    skip: { '1': 'the node’s own signer' },
  },
  openCheckpoint: { args: [crypto.signCheckpoint(checkpoint, signer), verifier] },
  tilePath: { args: [{ level: 0, index: 0, width: 256 }] },
  entriesPath: { args: [{ index: 0, width: 5 }] },
  parseTilePath: { args: ['tile/0/000'] },
  tilesOf: { args: [300], run: (size: number) => begun(crypto.tilesOf(size)) },
  partialTilesOf: { args: [300] },
  bundlesOf: { args: [300], run: (size: number) => begun(crypto.bundlesOf(size)) },
  tileOfNode: { args: [{ level: 0, index: 5 }] },
  nodeInTile: { args: [{ level: 0, index: 0 }, b(32)], free: { 1: 'a wider tile' } },
  rowOfNode: { args: [{ level: 0, index: 5 }] },
  encodeEntries: { args: [[b(3), b(4)]], free: { 0: 'entries may be alike', '0.0': 'up to 65535 bytes' } },
  decodeEntries: { args: [crypto.encodeEntries([b(3)])], free: { 0: 'an empty bundle' } },
};

export const nodeCalls: Record<string, Call> = {
  nodeNoteSigner: { args: ['log.example', b(32)], free: { 0: 'any name without spaces and +' } },
  nodeScrypt: { args: [b(3), b(16), 1], free: { 0: 'any', 1: 'any' }, indices: ['2'] },
  encryptStream: {
    args: [b(5), { recipients: [recipient] }],
    free: { 0: 'any length', '1.recipients': 'a recipient may stand twice' },
    run: (piece: Uint8Array, lock: crypto.AgeLock) => throughStream(piece, encryptStream(lock)),
  },
  decryptStream: {
    args: [file, { identity }],
    run: (piece: Uint8Array, unlock: crypto.AgeUnlock) => throughStream(piece, decryptStream(unlock)),
  },
};

async function throughStream(piece: Uint8Array, stream: Duplex): Promise<Uint8Array> {
  const out: Uint8Array[] = [];
  // streams themselves take no null
  await pipeline([piece ?? 'null'], stream, async (parts: AsyncIterable<Uint8Array>) => {
    for await (const part of parts) out.push(part);
  });
  return crypto.concat(...out);
}
