import * as age from '@cpds/crypto/age';
import { CryptoError } from '@cpds/crypto';
import { unavailable } from '@cpds/errors';

/** A file key, and the recipient `age1…` of the identity that opened it. */
export interface OpenedKey {
  fileKey: Uint8Array;
  recipient: string;
}

/**
 * This hospital's age identities (secret): all is sealed for the current one, and former ones open what was sealed for
 * them until it is wrapped anew.
 */
export class AgeIdentities {
  /** of the current identity, `age1…` */
  readonly recipient: string;
  /** of the former identities, newest first */
  readonly former: readonly string[];
  /** `AGE-SECRET-KEY-1…` and its recipient, the current one first */
  private readonly held: readonly { secret: string; recipient: string }[];

  /** @throws CryptoError for what is no `AGE-SECRET-KEY-1…` */
  constructor(current: string, former: readonly string[] = []) {
    this.held = [current, ...former].map((secret) => ({ secret, recipient: age.recipientOf(secret) }));
    this.recipient = age.recipientOf(current);
    this.former = [...new Set(this.held.map(({ recipient }) => recipient))].filter((one) => one !== this.recipient);
  }

  /**
   * Opens an age header, last newline included.
   *
   * @throws AppError `sealed-for-another` (unavailable, 500): no identity here opens it, or its MAC is wrong
   */
  openHeader(header: Uint8Array): OpenedKey {
    const { fileKey, recipient } = this.opened(header);
    return { fileKey, recipient };
  }

  /** The same header with this hospital's stanza made for the current identity; all others, as the patient's, stay. @throws as `openHeader` */
  rewrapHeader(header: Uint8Array): Uint8Array {
    const { fileKey, secret, stanzas } = this.opened(header);
    const wrapped = stanzas.map((stanza) =>
      age.unwrapStanza(stanza, secret) ? age.wrapFileKey(fileKey, this.recipient) : stanza,
    );
    return age.serializeHeader(age.sealHeader(fileKey, wrapped));
  }

  /** Opens one stanza, as identity makes them. @throws AppError `bad-stanza` (unavailable): identity wrapped it for another key */
  openStanza(text: string): OpenedKey {
    const { stanza } = age.parseStanza(text.split('\n'));
    for (const { secret, recipient } of this.held) {
      const fileKey = age.unwrapStanza(stanza, secret);
      if (fileKey) return { fileKey, recipient };
    }
    throw unavailable('bad-stanza', 'the stanza is for another age identity');
  }

  /** A stanza of `fileKey` for the current identity. */
  wrap(fileKey: Uint8Array): string {
    return age.serializeStanza(age.wrapFileKey(fileKey, this.recipient));
  }

  private opened(header: Uint8Array): OpenedKey & { secret: string; stanzas: readonly age.Stanza[] } {
    let cause: unknown;
    for (const { secret, recipient } of this.held)
      try {
        const parsed = age.parseHeader(header);
        return { fileKey: age.unwrapHeader(parsed, secret), secret, recipient, stanzas: parsed.stanzas };
      } catch (thrown) {
        if (!(thrown instanceof CryptoError)) throw thrown;
        cause = thrown;
      }
    throw unavailable('sealed-for-another', "this record's header is for another age identity", { cause, status: 500 });
  }
}
