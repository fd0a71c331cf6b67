/** Keeps a wallet between runs: `FileStorage` of `@cpds/wallet/node` in a file, `MemoryStorage` in memory only. */
export interface WalletStorage {
  /** Names the place in messages. */
  readonly place: string;

  /** The text that was written last; null if none was. */
  read(): Promise<string | null>;

  /** Replaces the stored text by `text`, which holds the seed. A process that is stopped at any line leaves the earlier text or this one, whole. */
  write(text: string): Promise<void>;
}
