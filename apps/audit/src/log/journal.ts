import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { concat, utf8 } from '@cpds/crypto/bytes';
import type { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import { bug, parseJson, toAppError, unavailable } from '@cpds/errors';
import { EventEnvelope } from '@cpds/messages';

/** Leaf hashes in one file: 2 MiB. */
const leavesPerFile = 65_536;
/** Files that are not needed any more stay this long, milliseconds: longer than any stream could give their events again. */
const keepMs = 14 * 86_400_000;

/** What a batch adds: hashes of the leaves from `from` on, and the checkpoint over all of them. */
export interface JournalEntry {
  readonly from: number;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: string;
}

/**
 * What the log signed, in a second place: the newest checkpoint, the hash of every leaf in order, and the log's own events,
 * which nobody else could send again, sealed. A folder on another volume than the database's; it holds no detail of any
 * producer.
 *
 * Crash story: hashes are on disk before the checkpoint that covers them takes the place of the former one, and that is on
 * disk before the database commits. So the journal is never behind the database; where it is ahead, it says which leaves
 * come next. Hashes behind its checkpoint mean nothing and are written over. All writers hold the lock on `log`.
 */
export class Journal {
  private constructor(
    private readonly folder: string,
    private readonly verifiers: readonly tlog.NoteVerifier[],
    private readonly ring: KeyRing,
  ) {}

  /**
   * Opens the journal in `folder`, which is made where it is missing, and seals own events anew under the current key.
   * One of `verifiers` must have signed its checkpoint.
   *
   * @throws AppError `journal-unusable` (unavailable)
   */
  static async open(folder: string, verifiers: readonly tlog.NoteVerifier[], ring: KeyRing): Promise<Journal> {
    const journal = new Journal(folder, verifiers, ring);
    await journal.use(async () => {
      for (const part of ['leaves', 'own']) await mkdir(join(folder, part), { recursive: true, mode: 0o700 });
    });
    await journal.keepOwn(await journal.own(0));
    return journal;
  }

  /**
   * The newest checkpoint, or null in an empty journal.
   *
   * @throws AppError `journal-damaged` (bug) when none of this log's keys has signed it
   */
  async last(): Promise<tlog.Checkpoint | null> {
    const note = await this.use(() => readOrNull(join(this.folder, 'checkpoint')));
    if (note === null) return null;
    try {
      return tlog.openCheckpoint(note.toString(), ...this.verifiers);
    } catch (cause) {
      throw bug('journal-damaged', 'the journal holds a checkpoint that this log did not sign', { cause });
    }
  }

  /**
   * Hashes of the leaves `from` to `to`, the latter excluded.
   *
   * @throws AppError `journal-damaged` (bug) when some are missing
   */
  async hashes(from: number, to: number): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    for (const part of partsOf(from, to)) {
      const bytes = await this.use(() => this.read(part));
      if (bytes === null) throw bug('journal-damaged', `the journal lacks leaves from ${part.from} to ${part.to}`);
      for (let at = 0; at < bytes.length; at += tlog.HASH_BYTES) hashes.push(bytes.subarray(at, at + tlog.HASH_BYTES));
    }
    return hashes;
  }

  /** Puts hashes of the leaves from `from` on, for a checkpoint to come. Whoever calls holds the lock on `log`. */
  prepare(from: number, hashes: readonly Uint8Array[]): Promise<void> {
    return this.use(async () => {
      for (const part of partsOf(from, from + hashes.length))
        await this.put(part, concat(...hashes.slice(part.from - from, part.to - from)));
    });
  }

  /** Resolves when hashes and checkpoint are on disk. Whoever calls holds the lock on `log`. */
  async write({ from, hashes, checkpoint }: JournalEntry): Promise<void> {
    await this.prepare(from, hashes);
    await this.use(async () => {
      const path = join(this.folder, 'checkpoint');
      await writeDurably(`${path}.next`, checkpoint);
      await rename(`${path}.next`, path);
      await syncFolder(this.folder);
    });
  }

  /** Keeps an event of the log itself until it is pruned, under its seq. */
  keepOwn(events: readonly EventEnvelope[]): Promise<void> {
    return this.use(async () => {
      for (const event of events) {
        const sealed = this.ring.seal(ownPlaceOf(event.seq), utf8(JSON.stringify(event)));
        await writeDurably(join(this.folder, 'own', `${event.seq}`), sealed);
      }
      if (events.length > 0) await syncFolder(join(this.folder, 'own'));
    });
  }

  /** The log's own events after `seq`, in order. */
  own(seq: number): Promise<EventEnvelope[]> {
    return this.use(async () => {
      const names = (await readdir(join(this.folder, 'own'))).map(Number).filter((name) => name > seq);
      const events: EventEnvelope[] = [];
      for (const name of names.sort((a, b) => a - b)) {
        const sealed = await readFile(join(this.folder, 'own', `${name}`));
        events.push(parseJson(EventEnvelope, this.ring.open(ownPlaceOf(name), sealed), 'own event'));
      }
      return events;
    });
  }

  /** Deletes what lies wholly before leaf `covered`, or is an own event, and was written more than two weeks before `now`. */
  prune(covered: number, now: Date): Promise<void> {
    return this.use(async () => {
      const isOld = async (path: string): Promise<boolean> => now.getTime() - (await stat(path)).mtimeMs > keepMs;
      for (const name of await readdir(join(this.folder, 'leaves'))) {
        const path = join(this.folder, 'leaves', name);
        if ((Number(name) + 1) * leavesPerFile <= covered && (await isOld(path))) await unlink(path);
      }
      for (const name of await readdir(join(this.folder, 'own'))) {
        const path = join(this.folder, 'own', name);
        if (await isOld(path)) await unlink(path);
      }
    });
  }

  private async put(part: Part, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(part);
    const isNew = (await stat(path).catch((error: unknown) => nullIfMissing(error))) === null;
    // Never one that cuts what is there.
    const file = await open(path, isNew ? 'wx+' : 'r+', 0o600);
    try {
      await file.write(bytes, 0, bytes.length, part.at);
      await file.datasync();
    } finally {
      await file.close();
    }
    if (isNew) await syncFolder(join(this.folder, 'leaves'));
  }

  private async read(part: Part): Promise<Uint8Array | null> {
    const file = await open(this.pathOf(part)).catch((error: unknown) => nullIfMissing(error));
    if (file === null) return null;
    try {
      const bytes = new Uint8Array((part.to - part.from) * tlog.HASH_BYTES);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, part.at);
      return bytesRead === bytes.length ? bytes : null;
    } finally {
      await file.close();
    }
  }

  private pathOf(part: Part): string {
    return join(this.folder, 'leaves', `${part.file}`);
  }

  private async use<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (toAppError(cause).code !== 'internal') throw cause;
      throw unavailable('journal-unusable', "the journal's folder cannot be read or written", { cause });
    }
  }
}

/** Leaves of one file: their numbers, and where the first lies in bytes. */
interface Part {
  readonly file: number;
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

function partsOf(from: number, to: number): Part[] {
  const parts: Part[] = [];
  for (let start = from; start < to;) {
    const file = Math.floor(start / leavesPerFile);
    const end = Math.min(to, (file + 1) * leavesPerFile);
    parts.push({ file, from: start, to: end, at: (start % leavesPerFile) * tlog.HASH_BYTES });
    start = end;
  }
  return parts;
}

const ownPlaceOf = (seq: number): string => `journal/own/${seq}`;

async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** A new name is durable when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function readOrNull(path: string): Promise<Buffer | null> {
  return readFile(path).catch((error: unknown) => nullIfMissing(error));
}

function nullIfMissing(error: unknown): null {
  if ((error as { code?: unknown }).code === 'ENOENT') return null;
  throw error;
}
