/** A file that shows offline that an entry is in a log: c2sp.org/tlog-proof, version 1. */

import { base64 } from '@scure/base';
import { checkBytes, checkList, checkText } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { parseCheckpoint } from './checkpoint.js';
import { assertCount, HASH_BYTES, verifyInclusion } from './merkle.js';
import { parseNote } from './note.js';
import { parseBase64, parseDecimal, parseHash } from './text.js';
import { openWitnessed, type WitnessedCheckpoint, type WitnessPolicy } from './witness-policy.js';

const HEADER = 'c2sp.org/tlog-proof@v1';
const EXTRA = 'extra ';
const INDEX = 'index ';

/** A tree of 2⁶⁴ leaves is not higher. */
const MAX_HASHES = 64;

/** The parts of a proof file. Unchecked. */
export interface LogProof {
  /** Place of the entry in the log, from 0. */
  readonly index: number;
  /** Its inclusion proof, from the leaf's sibling upwards (RFC 6962 §2.1.1). */
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint, verbatim with all its signature lines. */
  readonly checkpoint: string;
  /** Data that the application adds; nobody signs it. Absent when there is none. */
  readonly extra?: Uint8Array;
}

/** An entry whose place in a log satisfies the policy. */
export interface ProvenEntry {
  readonly index: number;
  readonly checkpoint: WitnessedCheckpoint;
  /** As in the file, not covered by any signature. */
  readonly extra?: Uint8Array;
}

/**
 * The text of a proof file (`.tlog-proof`).
 *
 * @throws CryptoError `bad-log-proof` for parts that a file cannot hold; as `parseNote` and `parseCheckpoint`
 */
export function formatLogProof({ index, hashes, checkpoint, extra }: LogProof): string {
  assertCount(index, 'index');
  if (extra !== undefined && checkBytes(extra, 'extra').length === 0) throw emptyExtra();
  if (checkList(hashes, 'hashes', MAX_HASHES).some((hash) => checkBytes(hash, 'hashes').length !== HASH_BYTES))
    throw new CryptoError('bad-log-proof', 'hashes', 'must be 32 bytes each');
  assertCheckpoint(checkpoint);
  const lines = [
    HEADER,
    ...(extra === undefined ? [] : [EXTRA + base64.encode(extra)]),
    INDEX + String(index),
    ...hashes.map((hash) => base64.encode(hash)),
  ];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/**
 * Takes a proof file apart; `formatLogProof` gives the same characters back. Intentional divergence: extra data of no
 * bytes is refused, because a file without extra data has no such line.
 *
 * @throws CryptoError `bad-log-proof` names the line; as `parseNote` and `parseCheckpoint`
 */
export function parseLogProof(file: string): LogProof {
  const cut = checkText(file, 'file').indexOf('\n\n');
  const lines = file.slice(0, Math.max(cut, 0)).split('\n');
  if (lines.shift() !== HEADER) throw new CryptoError('bad-log-proof', 'header', `is not ${HEADER}`);
  const extra = lines[0]?.startsWith(EXTRA)
    ? parseBase64(lines.shift()!.slice(EXTRA.length), 'bad-log-proof', 'extra')
    : undefined;
  if (extra?.length === 0) throw emptyExtra();
  const place = lines.shift();
  const index = parseDecimal(
    place?.startsWith(INDEX) ? place.slice(INDEX.length) : undefined,
    'bad-log-proof',
    'index',
  );
  if (lines.length > MAX_HASHES) throw new CryptoError('bad-log-proof', 'hashes', `are more than ${MAX_HASHES}`);
  const hashes = lines.map((line) => parseHash(line, 'bad-log-proof', 'hashes'));
  const checkpoint = file.slice(cut + 2);
  assertCheckpoint(checkpoint);
  return { index, hashes, checkpoint, ...(extra === undefined ? {} : { extra }) };
}

/**
 * Checks a proof file for the entry whose leaf hash is `leaf`, which the caller computes from the entry itself.
 *
 * @throws CryptoError as `parseLogProof` and `openWitnessed`; `not-included` when the proof does not lead to the root
 */
export function verifyLogProof(file: string, leaf: Uint8Array, policy: WitnessPolicy): ProvenEntry {
  const { index, hashes, checkpoint: note, extra } = parseLogProof(file);
  const checkpoint = openWitnessed(note, policy);
  if (!verifyInclusion(leaf, index, checkpoint.size, hashes, checkpoint.root))
    throw new CryptoError('not-included', 'hashes', `do not lead from entry ${index} to the checkpoint's root`);
  return { index, checkpoint, ...(extra === undefined ? {} : { extra }) };
}

function assertCheckpoint(note: string): void {
  parseCheckpoint(parseNote(note).text);
}

const emptyExtra = (): CryptoError => new CryptoError('bad-log-proof', 'extra', 'is empty');
