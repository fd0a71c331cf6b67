/**
 * Keeps signing nonces in the memory of one run of one process, for 60 s, for one signature (protocol section 3).
 *
 * A nonce that signs two packages gives the share away. Three things prevent that: a nonce leaves the vault once; its
 * id comes from the boot id of this run, so nothing survives a restart; and the id is inserted under a unique
 * constraint before a share leaves, so that a virtual machine restored from a snapshot, whose memory remembers a nonce
 * that its database has seen spent, is stopped by the database.
 */

import { randomBytes } from '@noble/hashes/utils.js';
import { ascii, checkBytes, concat, toHex, u8, u64 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { sha256 } from '../hash.js';
import type { KeyShare } from './group.js';
import { drawNonces } from './signing.js';
import type { NonceCommitment, SigningNonces } from './signing.js';

/** Life of a nonce from its commitment on. */
export const NONCE_LIFE_MS = 60_000;

/** The database's part in the single use of a nonce. */
export interface SpentNonces {
  /** Inserts the id under a unique constraint; rejects when it was there, and the share does not leave. */
  spend(nonceId: string): Promise<void>;
}

interface Held {
  nonces: SigningNonces;
  session: string;
  dueMs: number;
}

/** One signer's unspent nonces: at most one pair per open session. */
export class NonceVault {
  /** Random per run: 16 bytes as hex. */
  readonly bootId: string;
  private readonly held = new Map<string, Held>();
  private drawn = 0;

  constructor(
    private readonly nowMs: () => number,
    private readonly random: (length?: number) => Uint8Array = randomBytes,
  ) {
    this.bootId = toHex(checkBytes(random(16), 'random', 16));
  }

  /**
   * Draws a pair for `session`; an older pair of the same session is destroyed, so one session never holds two.
   *
   * @param session names message, epoch and attempt
   */
  commit(session: string, share: KeyShare): { nonceId: string; commitment: NonceCommitment } {
    this.forgetExpired();
    for (const [id, one] of this.held) if (one.session === session) this.destroy(id, one);
    const place = concat(ascii(this.bootId), u64(this.drawn++));
    const nonceId = uuidOf(sha256(place));
    // The RFC hashes randomness and share, so equal randomness gives equal nonces. The store knows only ids, so the id
    // enters as well and each id has nonces of its own.
    let part = 0;
    const nonces = drawNonces(share, () => sha256(checkBytes(this.random(32), 'random', 32), place, u8(part++)));
    this.held.set(nonceId, { nonces, session, dueMs: this.nowMs() + NONCE_LIFE_MS });
    return { nonceId, commitment: nonces.commitment };
  }

  /**
   * Takes the pair of `session` out, once, after `spent` has recorded its id.
   *
   * @throws CryptoError `nonces-gone`: none was drawn in this run, it is older than 60 s, or it was taken
   * @throws whatever `spent.spend` rejects with, and then the pair is destroyed unused
   */
  async take(session: string, spent: SpentNonces): Promise<SigningNonces> {
    this.forgetExpired();
    const found = [...this.held].find(([, one]) => one.session === session);
    if (!found) throw noncesGone();
    const [nonceId, { nonces, dueMs }] = found;
    this.held.delete(nonceId); // before the await: a second caller must not find it
    try {
      await spent.spend(nonceId);
    } catch (cause) {
      wipe(nonces);
      throw cause;
    }
    // The machine may have been frozen during that wait, and its store with it: a nonce that is now too old must not
    // sign.
    if (dueMs <= this.nowMs()) {
      wipe(nonces);
      throw noncesGone();
    }
    return nonces;
  }

  private forgetExpired(): void {
    const now = this.nowMs();
    for (const [id, one] of this.held) if (one.dueMs <= now) this.destroy(id, one);
  }

  private destroy(id: string, { nonces }: Held): void {
    this.held.delete(id);
    wipe(nonces);
  }
}

function noncesGone(): CryptoError {
  return new CryptoError('nonces-gone', 'session', 'has no unspent nonces in this run of the signer');
}

function wipe({ secret }: SigningNonces): void {
  secret.hiding.fill(0);
  secret.binding.fill(0);
}

/** The first 16 bytes as an RFC 9562 version 8 UUID: the form ids have on the bus and in rows. */
function uuidOf(bytes: Uint8Array): string {
  const uuid = bytes.slice(0, 16);
  uuid[6] = (uuid[6]! & 0x0f) | 0x80;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  return toHex(uuid).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
