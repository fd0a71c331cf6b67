import { type FileHandle, link, mkdir, open, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  checkedKey,
  exactly,
  objectExists,
  unknownObject,
  type ObjectStore,
  type StoredObject,
} from './object-store.js';

/** Objects as files in one folder: for machines where no S3 server can be had. */
export class FileSystemObjectStore implements ObjectStore {
  constructor(private readonly folder: string) {}

  /**
   * Crash story: bytes go to a file under `.partial`, which is synced and then linked to its name. A crash before the
   * link leaves a partial file that nobody reads and that `delete` of the same name removes, so whoever sweeps names
   * sweeps it too. `link` refuses a name that exists, so no object is written over.
   */
  async put(key: string, sizeBytes: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.pathOf(key);
    const partial = this.partialOf(key);
    await madeFolder(dirname(partial));
    await madeFolder(dirname(path));
    const file = await opened(partial, key);
    try {
      try {
        for await (const bytes of exactly(sizeBytes, body)) await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await link(partial, path);
      await syncFolder(dirname(path));
    } catch (error) {
      throw isErrno(error, 'EEXIST') ? objectExists(key) : error;
    } finally {
      await rm(partial, { force: true });
    }
  }

  async get(key: string): Promise<StoredObject> {
    const path = this.pathOf(key);
    try {
      const { size } = await stat(path);
      return { sizeBytes: size, body: bytesOf(path) };
    } catch (error) {
      throw isErrno(error, 'ENOENT') ? unknownObject(key) : error;
    }
  }

  /** Durable when it returns: a name that a crash brought back would be an object that no row names. */
  async delete(key: string): Promise<void> {
    const path = this.pathOf(key);
    await rm(this.partialOf(key), { force: true });
    try {
      await unlink(path);
      await syncFolder(dirname(path));
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }

  async isUp(): Promise<boolean> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      return (await stat(this.folder)).isDirectory();
    } catch {
      return false; // the probe's answer, not an error
    }
  }

  private pathOf(key: string): string {
    return join(this.folder, checkedKey(key));
  }

  /** One file for each name, so that it can be found by the name; no name holds `_`. */
  private partialOf(key: string): string {
    return join(this.folder, '.partial', checkedKey(key).replaceAll('/', '_'));
  }
}

/** Two writers of one name at once share its partial file, so the second is refused at its begin. */
async function opened(partial: string, key: string): Promise<FileHandle> {
  try {
    return await open(partial, 'wx', 0o600);
  } catch (error) {
    throw isErrno(error, 'EEXIST') ? objectExists(key) : error;
  }
}

/** A folder with all above it; the names of new ones are durable too. */
async function madeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** The name itself must survive a crash, not only the bytes. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Opens the file when the first byte is asked for: a part that nobody reads holds no descriptor. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  yield* file.createReadStream({ highWaterMark: 64 * 1024 });
}

function isErrno(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
