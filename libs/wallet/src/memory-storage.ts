import type { WalletStorage } from './wallet-storage.js';

/** Keeps a wallet as long as its process or page lives: for tests, and for a page that stores nothing. */
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
