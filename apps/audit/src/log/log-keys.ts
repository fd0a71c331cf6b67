import { CryptoError } from '@cpds/crypto';
import * as tlog from '@cpds/crypto/tlog';
import { bug } from '@cpds/errors';

/** The keys of a log: one that its readers pin, and former ones that sign beside it. */
export class LogKeys {
  private readonly signers: readonly tlog.NoteSigner[];

  /** @param former for readers who do not know `signer` yet; newest first */
  constructor(
    private readonly signer: tlog.NoteSigner,
    private readonly former: readonly tlog.NoteSigner[] = [],
  ) {
    this.signers = [signer, ...former];
  }

  /** The log's name: first line of its checkpoints. */
  get origin(): string {
    return this.signer.name;
  }

  /** The verifier key for its checkpoints: `name+hash+base64`. */
  get verifierKey(): string {
    return tlog.formatVerifierKey(tlog.verifierOf(this.signer));
  }

  /** Verifier keys of the former keys, newest first. */
  get formerVerifierKeys(): string[] {
    return this.former.map((signer) => tlog.formatVerifierKey(tlog.verifierOf(signer)));
  }

  /** A checkpoint with the signatures of all keys; the same size and root give the same text. */
  sign(size: number, root: Uint8Array): string {
    return tlog.signCheckpoint({ origin: this.origin, size, root }, ...this.signers);
  }

  /**
   * The checkpoint that one of the keys signed.
   *
   * @throws AppError `log-key-unknown` (bug)
   */
  open(note: string): tlog.Checkpoint {
    try {
      return tlog.openCheckpoint(note, ...this.signers.map(tlog.verifierOf));
    } catch (cause) {
      if (!(cause instanceof CryptoError) || cause.code !== 'unsigned') throw cause;
      throw bug('log-key-unknown', 'none of the log keys given has signed the stored checkpoint: add the former one', {
        cause,
      });
    }
  }
}
