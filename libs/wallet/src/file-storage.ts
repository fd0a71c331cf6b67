import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WalletStorage } from './wallet-storage.js';

/** A wallet in a file that only its owner reads (0600, in a folder made with 0700). */
export class FileStorage implements WalletStorage {
  constructor(readonly place: string) {}

  async read(): Promise<string | null> {
    try {
      return await readFile(this.place, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw cause;
    }
  }

  async write(text: string): Promise<void> {
    const next = `${this.place}.new`;
    await mkdir(dirname(this.place), { recursive: true, mode: 0o700 });
    await writeFile(next, text, { mode: 0o600 });
    // A file left by a write that was stopped keeps the mode it had.
    await chmod(next, 0o600);
    await rename(next, this.place);
  }
}
