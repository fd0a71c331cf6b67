import type { WalletStorage } from './wallet-storage.js';

/** A wallet that lasts as long as its process or page: for tests, and for a page that keeps nothing. */
export class MemoryStorage implements WalletStorage {
  readonly place = 'memory';
  private text: string | null = null;

  async read(): Promise<string | null> {
    return this.text;
  }

  async write(text: string): Promise<void> {
    this.text = text;
  }
}
