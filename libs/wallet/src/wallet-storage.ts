/** Where a wallet is kept between runs; `FileStorage` of `@cpds/wallet/node` is a file, `MemoryStorage` nothing but memory. */
export interface WalletStorage {
  /** Names the place in messages. */
  readonly place: string;

  /** The text that was written last, null before the first. */
  read(): Promise<string | null>;

  /** Puts `text`, which holds the seed, in the place of what was there. Whoever is stopped at any line leaves the earlier text or this one, whole. */
  write(text: string): Promise<void>;
}
