/** A valid call of every export that keeps records: age, HPKE, custody, the log; and of the door for Node. */

import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as crypto from './library.js';
import { decryptStream, encryptStream } from '../src/node.js';
import type { Call } from './mutants.js';

const FIELD = 'the name that an error carries';
const b = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const isFalse = (result: unknown) => result === false;
const identity = crypto.age.encodeIdentity(b(32));
const recipient = crypto.age.recipientOf(identity);
const header = crypto.age.createHeader(b(16), [recipient]);
const headerBytes = crypto.age.serializeHeader(header);
const stanza = header.stanzas[0]!;
const easy = { logN: 1, salt: b(16) };
const passphrase = await crypto.age.createPassphraseHeader(b(16), 'correct horse', easy);
const aead = crypto.age.portableAead;
const payload = await collected(crypto.age.sealPayload([b(5)], b(16), b(16), aead));
const file = await collected(crypto.age.sealFile([b(5)], { recipients: [recipient] }));
const hpke = await crypto.hpke.deriveKey(b(32));
const message = await crypto.hpke.seal(hpke.publicKey, b(3), b(4));
const atRest = crypto.custody.sealAtRest(b(32), 'share/1', b(5), b(12));
const signer = crypto.tlog.noteSigner('log.example', b(32));
const verifier = crypto.tlog.verifierOf(signer);
const note = crypto.tlog.signNote('text\n', signer);
const leaves = [1, 2, 3].map((i) => crypto.tlog.leafHash(b(1, i)));
const read = ({ level, index }: crypto.tlog.TreeNode) =>
  level === 0 ? leaves[index]! : crypto.tlog.nodeHash(leaves[2 * index]!, leaves[2 * index + 1]!);
const root = crypto.tlog.hashRange({ from: 0, to: 3 }, read);
const pair = crypto.tlog.hashRange({ from: 0, to: 2 }, read);
const checkpoint = { origin: 'log.example', size: 3, root };
const signed = crypto.tlog.signCheckpoint(checkpoint, signer);
const checkpointText = crypto.tlog.formatCheckpoint(checkpoint);
const witness = crypto.tlog.noteSigner('witness.example', b(32, 8));
const witnessKey = crypto.tlog.verifierOf(witness);
const cosignature = crypto.tlog.cosign(checkpointText, 1, witness);
const witnessed = signed + crypto.tlog.formatSignature(cosignature);
const policy = { log: verifier, witnesses: [witnessKey], quorum: 1 };
const logProof = { index: 2, hashes: [pair], checkpoint: witnessed, extra: b(3) };
const AEAD = 'a pluggable cipher, not a value';

/** Everything that a stream gives. */
async function collected(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return crypto.bytes.concat(...parts);
}

/** The first items of a sequence that may be long. */
const begun = (sequence: Iterable<unknown>) => sequence[Symbol.iterator]().next();

export const ageCalls: Record<string, Call> = {
  'age.encodeRecipient': { args: [b(32)] },
  'age.encodeIdentity': { args: [b(32)] },
  'age.decodeRecipient': { args: [recipient, 'x'], skip: { 1: FIELD } },
  'age.decodeIdentity': { args: [identity, 'x'], skip: { 1: FIELD } },
  'age.recipientOf': { args: [identity] },
  'age.serializeStanza': {
    args: [stanza],
    free: { '0.args': 'one argument may stand twice', '0.args.0': 'any word', '0.body': 'any length' },
  },
  'age.parseStanza': {
    args: [['-> X25519 abc', 'aGk'], 0],
    free: { '0': 'lines that follow are not read' },
    skip: { 1: 'a place of the program' },
  },
  'age.decodeBase64': { args: ['aGk', 'x'], free: { 0: 'the empty text is no bytes' }, skip: { 1: FIELD } },
  'age.wrapFileKey': { args: [b(16), recipient, b(32)], optional: ['2'] },
  'age.unwrapStanza': { args: [stanza, identity], no: (result) => result === null },
  'age.createHeader': { args: [b(16), [recipient, recipient]], free: { 1: 'a recipient may stand twice' } },
  'age.sealHeader': {
    args: [b(16), [stanza]],
    free: { 1: 'parsing counts them', '1.0.args': 'any', '1.0.args.0': 'any', '1.0.body': 'any' },
  },
  'age.serializeHeader': {
    args: [header],
    free: {
      '0.stanzas': 'parsing counts them',
      '0.stanzas.0.args': 'any',
      '0.stanzas.0.args.0': 'any',
      '0.stanzas.0.body': 'any',
    },
  },
  'age.parseHeader': { args: [headerBytes] },
  'age.headerLength': { args: [headerBytes], free: { 0: 'finds the end' } },
  'age.unwrapHeader': { args: [header, identity] },
  'age.checkHeaderMac': { args: [header, b(16)] },
  'age.createPassphraseHeader': {
    args: [b(16), 'correct horse', easy],
    free: { 1: 'any well-formed text' },
    indices: ['2.logN'],
    optional: ['2.logN', '2.salt'],
  },
  'age.openPassphraseHeader': { args: [passphrase, 'correct horse'] },
  'age.portableScrypt': { args: [b(3), b(16), 1], free: { 0: 'any', 1: 'any' }, indices: ['2'] },
  'age.scryptCost': { args: [b(3), b(16), 1], free: { 0: 'any', 1: 'any' }, indices: ['2'] },
  'age.sealFile': {
    args: [b(5), { recipients: [recipient] }],
    free: { 0: 'any length', '1.recipients': 'a recipient may stand twice' },
    run: (piece: Uint8Array, lock: crypto.age.Lock) => collected(crypto.age.sealFile([piece], lock)),
  },
  'age.openFile': {
    args: [file, { identity }],
    run: (piece: Uint8Array, unlock: crypto.age.Unlock) => collected(crypto.age.openFile([piece], unlock)),
  },
  'age.payloadLength': { args: [5] },
  'age.payloadKey': { args: [b(16), b(16)] },
  'age.sealPayload': {
    args: [b(5), b(16), b(16)],
    free: { 0: 'any length' },
    run: (piece: Uint8Array, key: Uint8Array, nonce: Uint8Array) =>
      collected(crypto.age.sealPayload([piece], key, nonce, aead)),
  },
  'age.PayloadSealer': {
    args: [b(5), b(16), b(16)],
    free: { 0: 'any length' },
    run: (piece: Uint8Array, key: Uint8Array, nonce: Uint8Array) => {
      const sealer = new crypto.age.PayloadSealer(key, nonce, aead);
      return [...sealer.push(piece), ...sealer.end()];
    },
  },
  'age.PayloadOpener': {
    args: [payload.slice(16), b(16), payload.slice(0, 16)],
    run: (piece: Uint8Array, key: Uint8Array, nonce: Uint8Array) => {
      const opener = new crypto.age.PayloadOpener(key, nonce, aead);
      return [...opener.push(piece), ...opener.end()];
    },
  },
  'age.openPayload': {
    args: [payload, b(16)],
    run: (piece: Uint8Array, key: Uint8Array) => collected(crypto.age.openPayload([piece], key, aead)),
  },
  'age.openChunk': {
    args: [aead, crypto.age.payloadKey(b(16), b(16)), payload.slice(16), 0, true],
    skip: { 0: AEAD },
  },
  'age.splitFile': {
    args: [headerBytes],
    free: { 0: 'what follows the header is payload' },
    run: (piece: Uint8Array) => crypto.age.splitFile([piece]),
  },
  'age.PayloadReader': {
    args: [payload.length, payload, b(16)],
    free: { 1: 'longer than it says' },
    run: async (length: number, bytes: Uint8Array, key: Uint8Array) => {
      const source = { length, read: async (from: number, to: number) => bytes?.slice?.(from, to) };
      const reader = await crypto.age.PayloadReader.open(source, key, aead);
      return collected(reader.read(0, reader.length));
    },
  },
};

export const custodyCalls: Record<string, Call> = {
  'hpke.generateKey': { args: [] },
  'hpke.deriveKey': { args: [b(32)], free: { 0: '32 bytes or more' } },
  'hpke.publicKey': { args: [hpke.privateKey, 'x'], skip: { 1: FIELD }, scalars: [] },
  'hpke.checkPublicKey': { args: [hpke.publicKey, 'x', 'y'], skip: { 1: FIELD, 2: FIELD } },
  'hpke.seal': { args: [hpke.publicKey, b(3), b(4)], free: { 1: 'any', 2: 'any' } },
  'hpke.open': { args: [hpke.privateKey, b(3), message] },
  'custody.sealAtRest': { args: [b(32), 'share/1', b(5), b(12)], optional: ['3'], free: { 1: 'any ASCII', 2: 'any' } },
  'custody.KeyRing': {
    args: [b(32), [b(32, 8), b(32, 9)], 'share/1', b(5), b(12)],
    free: { 1: 'maybe none', 2: 'any ASCII', 3: 'any' },
    optional: ['1', '4'],
    run: (current: Uint8Array, former: Uint8Array[], name: string, secret: Uint8Array, nonce: Uint8Array) => {
      const ring = new crypto.custody.KeyRing(current, former);
      return ring.open(name, ring.seal(name, secret, nonce));
    },
  },
  'custody.parseKek': { args: [b(32), 'x'], skip: { 1: FIELD } },
  'keyEncryption.PassphraseKeyEncryption': {
    args: ['correct horse', { logN: 1 }, b(5)],
    free: { 0: 'any well-formed text', 2: 'any' },
    optional: ['1.logN'],
    indices: ['1.logN'],
    run: async (words: string, options: crypto.keyEncryption.PassphraseOptions, secret: Uint8Array) => {
      const custodian = new crypto.keyEncryption.PassphraseKeyEncryption(words, options);
      return custodian.open(await custodian.seal(secret));
    },
  },
  'custody.openAtRest': { args: [b(32), 'share/1', atRest] },
};

export const logCalls: Record<string, Call> = {
  'tlog.emptyRoot': { args: [] },
  'tlog.leafHash': { args: [b(3)], free: { 0: 'any entry' } },
  'tlog.nodeHash': { args: [b(32), b(32)] },
  'tlog.assertCount': { args: [5, 'x'], skip: { 1: FIELD } },
  'tlog.subtreesOf': { args: [{ from: 0, to: 3 }] },
  'tlog.hashRange': { args: [{ from: 0, to: 3 }, read] },
  'tlog.foldSubtrees': { args: [[b(32), b(32, 8)]], free: { 0: 'two subtrees may be alike' } },
  'tlog.inclusionRanges': { args: [1, 3] },
  'tlog.consistencyRanges': { args: [1, 3] },
  'tlog.proofOf': { args: [[{ from: 0, to: 2 }], read], free: { 0: 'empty for the whole tree' } },
  'tlog.verifyInclusion': { args: [leaves[2], 2, 3, [pair], root], no: isFalse },
  'tlog.verifyConsistency': { args: [2, 3, [leaves[2]], pair, root], no: isFalse },
  'tlog.frontierOf': { args: [3, read] },
  'tlog.frontierRoot': {
    args: [{ size: 3, hashes: [pair, leaves[2]] }],
    free: { '0.hashes': 'alike' },
    skip: { '0.size': 'not read here' },
  },
  'tlog.appendLeaf': {
    args: [{ size: 3, hashes: [pair, leaves[2]] }, b(32)],
    free: { '0.hashes': 'two subtrees may be alike' },
  },
  'tlog.noteSigner': { args: ['log.example', b(32)], free: { 0: 'any name without spaces and +' } },
  'tlog.verifierOf': { args: [signer], skip: { 0: 'picks two fields' } },
  'tlog.formatVerifierKey': { args: [verifier], free: { '0.name': 'any name without spaces and +' } },
  'tlog.parseVerifierKey': { args: [crypto.tlog.formatVerifierKey(verifier)] },
  'tlog.formatWitnessKey': { args: [witnessKey], free: { '0.name': 'any name without spaces and +' } },
  'tlog.parseWitnessKey': { args: [crypto.tlog.formatWitnessKey(witnessKey)] },
  'tlog.parseNote': { args: [note] },
  'tlog.formatNote': {
    args: [crypto.tlog.parseNote(note)],
    free: {
      '0.text': 'any lines',
      '0.signatures.0.name': 'any name without spaces and +',
      '0.signatures.0.signature': 'any length',
    },
  },
  'tlog.formatSignature': {
    args: [cosignature],
    free: { '0.name': 'any name without spaces and +', '0.signature': 'any length' },
  },
  'tlog.cosign': { args: [checkpointText, 1, witness], skip: { 2: 'the witness’s own signer' } },
  'tlog.verifyCosignature': { args: [checkpointText, cosignature, witnessKey] },
  'tlog.openWitnessed': { args: [witnessed, policy] },
  'tlog.formatLogProof': {
    args: [logProof],
    free: { '0.hashes': 'verifyLogProof asks where they lead', '0.extra': 'any but none' },
    optional: ['0.extra'],
  },
  'tlog.parseLogProof': { args: [crypto.tlog.formatLogProof(logProof)] },
  'tlog.verifyLogProof': { args: [crypto.tlog.formatLogProof(logProof), leaves[2], policy] },
  'tlog.signNote': { args: ['text\n', signer], skip: { '1': 'the node’s own signer' } },
  'tlog.openNote': { args: [note, [verifier]] },
  'tlog.formatCheckpoint': {
    args: [{ ...checkpoint, extensions: ['one', 'two'] }],
    free: { '0.origin': 'any line', '0.extensions': 'any number', '0.extensions.0': 'any line' },
    optional: ['0.extensions'],
  },
  'tlog.parseCheckpoint': { args: [crypto.tlog.formatCheckpoint(checkpoint)] },
  'tlog.signCheckpoint': {
    args: [checkpoint, signer],
    free: { '0.origin': 'any line' },
    skip: { '1': 'the node’s own signer' },
  },
  'tlog.openCheckpoint': { args: [crypto.tlog.signCheckpoint(checkpoint, signer), verifier] },
  'tlog.tilePath': { args: [{ level: 0, index: 0, width: 256 }] },
  'tlog.entriesPath': { args: [{ index: 0, width: 5 }] },
  'tlog.parseTilePath': { args: ['tile/0/000'] },
  'tlog.tilesOf': { args: [300], run: (size: number) => begun(crypto.tlog.tilesOf(size)) },
  'tlog.partialTilesOf': { args: [300] },
  'tlog.bundlesOf': { args: [300], run: (size: number) => begun(crypto.tlog.bundlesOf(size)) },
  'tlog.tileOfNode': { args: [{ level: 0, index: 5 }] },
  'tlog.nodeInTile': { args: [{ level: 0, index: 0 }, b(32)], free: { 1: 'a wider tile' } },
  'tlog.rowOfNode': { args: [{ level: 0, index: 5 }] },
  'tlog.encodeEntries': { args: [[b(3), b(4)]], free: { 0: 'entries may be alike', '0.0': 'up to 65535 bytes' } },
  'tlog.decodeEntries': { args: [crypto.tlog.encodeEntries([b(3)])], free: { 0: 'an empty bundle' } },
};

export const nodeCalls: Record<string, Call> = {
  'node.nodeNoteSigner': { args: ['log.example', b(32)], free: { 0: 'any name without spaces and +' } },
  'node.nodeScrypt': { args: [b(3), b(16), 1], free: { 0: 'any', 1: 'any' }, indices: ['2'] },
  'node.encryptStream': {
    args: [b(5), { recipients: [recipient] }],
    free: { 0: 'any length', '1.recipients': 'a recipient may stand twice' },
    run: (piece: Uint8Array, lock: crypto.age.Lock) => throughStream(piece, encryptStream(lock)),
  },
  'node.decryptStream': {
    args: [file, { identity }],
    run: (piece: Uint8Array, unlock: crypto.age.Unlock) => throughStream(piece, decryptStream(unlock)),
  },
};

async function throughStream(piece: Uint8Array, stream: Duplex): Promise<Uint8Array> {
  const out: Uint8Array[] = [];
  // streams themselves take no null
  await pipeline([piece ?? 'null'], stream, async (parts: AsyncIterable<Uint8Array>) => {
    for await (const part of parts) out.push(part);
  });
  return crypto.bytes.concat(...out);
}
