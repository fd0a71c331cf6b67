/** Checks one log against its own checkpoint: signature, root, every tile, every entry, every producer's order. */

import { CryptoError } from '@cpds/crypto';
import { equalBytes } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { events, Leaf } from '@cpds/messages';
import { LogRefused, silentLog, type Discrepancy } from './discrepancy.js';
import { LogSource, type ServedTile } from './log-source.js';
import type { LogPolicy } from './policy.js';
import { NoAnswer, type Requests } from './requests.js';

/** A leaf that was read, in the log's order. */
export interface ReadLeaf extends Leaf {
  readonly leafIndex: number;
}

/** A log that was checked. */
export interface VerifiedLog {
  readonly party: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Null without a token, and when entries could not be read; then `discrepancies` says why. */
  readonly leaves: readonly ReadLeaf[] | null;
  /** Root of the first `size` leaves, recomputed; null beyond the log's end. */
  readonly rootAt: (size: number) => Uint8Array | null;
  readonly discrepancies: readonly Discrepancy[];
}

/**
 * Downloads and recomputes a log. Hashes alone prove what is anchored, so entries that give no answer are a discrepancy
 * and the rest is still judged.
 *
 * @throws LogRefused when the log contradicts its checkpoint: then nothing it says can be used
 * @throws NoAnswer when its checkpoint or its hashes cannot be read
 */
export async function verifyLog(log: LogPolicy, requests: Requests): Promise<VerifiedLog> {
  const source = new LogSource(log, requests);
  const refuse = (code: string, message: string, leafIndex?: number): LogRefused =>
    new LogRefused({ code, party: log.party, message, ...(leafIndex === undefined ? {} : { leafIndex }) });

  const checkpoint = openSigned(log, await source.checkpoint(), refuse);
  const tiles = await source.tiles(checkpoint.size);
  const leafHashes = rowsOf(tiles.filter((tile) => tile.level === 0)).slice(0, checkpoint.size);
  if (leafHashes.length < checkpoint.size) throw refuse('log-cut', 'its tiles end before its size', leafHashes.length);
  const { roots, rows } = rebuild(leafHashes);
  for (const tile of tiles) {
    const expected = rows.get(tile.path.replace(/\.p\/\d+$/, ''));
    const bad = firstDifference(tile.bytes, expected);
    if (bad !== null) throw refuse('tile-altered', `${tile.path} is not the hash of the tiles below it`, bad);
  }
  if (!equalBytes(roots.at(-1)!, checkpoint.root))
    throw refuse('root-mismatch', 'the tiles do not have the root that the checkpoint states');

  const { entries, silence } = await entriesOf(log, source, checkpoint.size);
  entries?.forEach((entry, index) => {
    if (!equalBytes(tlog.leafHash(entry), leafHashes[index]!))
      throw refuse('entry-altered', `entry ${index} is not the one that the log commits to`, index);
  });
  const { leaves, discrepancies } = readLeaves(log.party, entries);
  return {
    party: log.party,
    origin: log.origin,
    size: checkpoint.size,
    root: checkpoint.root,
    leaves,
    rootAt: (size) => roots[size] ?? null,
    discrepancies: [...silence, ...discrepancies],
  };
}

async function entriesOf(
  log: LogPolicy,
  source: LogSource,
  size: number,
): Promise<{ entries: Uint8Array[] | null; silence: Discrepancy[] }> {
  try {
    return { entries: await source.entries(size), silence: [] };
  } catch (error) {
    if (error instanceof NoAnswer) return { entries: null, silence: [silentLog(log.party, error)] };
    throw error;
  }
}

function openSigned(
  log: LogPolicy,
  note: string,
  refuse: (code: string, message: string) => LogRefused,
): tlog.Checkpoint {
  try {
    const checkpoint = tlog.openCheckpoint(note, tlog.parseVerifierKey(log.verifierKey));
    if (checkpoint.origin !== log.origin) throw refuse('wrong-origin', `the log calls itself ${checkpoint.origin}`);
    return checkpoint;
  } catch (error) {
    if (error instanceof CryptoError) throw refuse('checkpoint-refused', error.message);
    throw error;
  }
}

/** The roots of all prefixes, and the rows of every tile by its path without width. */
function rebuild(leaves: readonly Uint8Array[]): { roots: Uint8Array[]; rows: Map<string, Uint8Array[]> } {
  let frontier = tlog.EMPTY_FRONTIER;
  const roots = [tlog.frontierRoot(frontier)];
  const rows = new Map<string, Uint8Array[]>();
  for (const leaf of leaves) {
    const step = tlog.appendLeaf(frontier, leaf);
    frontier = step.frontier;
    roots.push(tlog.frontierRoot(frontier));
    for (const node of step.completed) {
      const place = tlog.rowOfNode(node);
      if (place === null) continue;
      const path = pathOf(place.level, place.index);
      rows.set(path, [...(rows.get(path) ?? []), node.hash]);
    }
  }
  return { roots, rows };
}

const pathOf = (level: number, index: number): string => tlog.tilePath({ level, index, width: tlog.TILE_WIDTH });

function rowsOf(tiles: readonly ServedTile[]): Uint8Array[] {
  return tiles.flatMap(({ bytes }) =>
    Array.from({ length: Math.floor(bytes.length / tlog.HASH_BYTES) }, (_, row) =>
      bytes.slice(row * tlog.HASH_BYTES, (row + 1) * tlog.HASH_BYTES),
    ),
  );
}

/** First row in which a tile differs from the rows it must have, or null. */
function firstDifference(bytes: Uint8Array, rows: readonly Uint8Array[] | undefined): number | null {
  if (rows === undefined || bytes.length !== rows.length * tlog.HASH_BYTES) return 0;
  const at = rows.findIndex((row, i) => !equalBytes(row, bytes.slice(i * tlog.HASH_BYTES, (i + 1) * tlog.HASH_BYTES)));
  return at < 0 ? null : at;
}

/** Parses entries as leaves; reports alarms, and every producer whose seq does not run 1, 2, 3, … */
function readLeaves(
  party: string,
  entries: readonly Uint8Array[] | null,
): { leaves: ReadLeaf[] | null; discrepancies: Discrepancy[] } {
  if (entries === null) return { leaves: null, discrepancies: [] };
  const discrepancies: Discrepancy[] = [];
  const leaves: ReadLeaf[] = [];
  const reached = new Map<string, number>();
  entries.forEach((entry, leafIndex) => {
    const parsed = Leaf.safeParse(jsonOf(entry));
    if (!parsed.success) {
      discrepancies.push({ code: 'entry-unreadable', party, leafIndex, message: `entry ${leafIndex} is no event` });
      return;
    }
    const { producer, seq, type } = parsed.data;
    const expected = (reached.get(producer) ?? 0) + 1;
    if (seq !== expected)
      discrepancies.push({
        code: 'sequence-gap',
        party,
        leafIndex,
        message: `${producer} stands at seq ${seq} where ${expected} is due`,
      });
    reached.set(producer, seq);
    if (type === events.sequenceConflict || type === events.messageRefused)
      discrepancies.push({ code: 'alarm', party, leafIndex, message: `the log itself raised ${type}` });
    leaves.push({ ...parsed.data, leafIndex });
  });
  return { leaves, discrepancies };
}

function jsonOf(entry: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(entry));
  } catch {
    return undefined; // reported as entry-unreadable
  }
}
