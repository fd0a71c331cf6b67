/** Reads a log over c2sp.org/tlog-tiles. Everything it returns is unchecked. */

import { CryptoError } from '@cpds/crypto';
import * as tlog from '@cpds/crypto/tlog';
import type { LogPolicy } from './policy.js';
import { LogRefused } from './discrepancy.js';
import { type Answer, NoAnswer, type Requests } from './requests.js';

/** A tile as served, no wider than it was asked for. */
export interface ServedTile {
  readonly path: string;
  readonly level: number;
  readonly bytes: Uint8Array;
}

export class LogSource {
  constructor(
    private readonly log: LogPolicy,
    private readonly requests: Requests,
  ) {}

  /** @throws NoAnswer also for 404: whoever serves no checkpoint has promised no tree */
  async checkpoint(): Promise<string> {
    const answer = await this.get('checkpoint');
    if (!answer.ok) throw this.noAnswer('checkpoint', answer);
    return new TextDecoder().decode(answer.bytes);
  }

  /** All tiles of a tree of `size` leaves. @throws NoAnswer, LogRefused `log-cut` */
  async tiles(size: number): Promise<ServedTile[]> {
    const tiles: ServedTile[] = [];
    for (const tile of tlog.tilesOf(size)) {
      const path = tlog.tilePath(tile);
      const bytes = await this.promised(path, tlog.tilePath({ ...tile, width: tlog.TILE_WIDTH }));
      tiles.push({ path, level: tile.level, bytes: bytes.slice(0, tile.width * tlog.HASH_BYTES) });
    }
    return tiles;
  }

  /**
   * All entries of a log of `size` leaves, or null without a token.
   *
   * @throws NoAnswer, LogRefused `log-cut`, `entry-altered` for a bundle that is not in the form of one
   */
  async entries(size: number): Promise<Uint8Array[] | null> {
    if (this.log.token === undefined) return null;
    const entries: Uint8Array[] = [];
    for (const bundle of tlog.bundlesOf(size)) {
      const path = tlog.entriesPath(bundle);
      const bytes = await this.promised(path, tlog.entriesPath({ ...bundle, width: tlog.TILE_WIDTH }), {
        authorization: `Bearer ${this.log.token}`,
      });
      const part = this.decoded(path, bytes, bundle.index * tlog.TILE_WIDTH);
      if (part.length < bundle.width) throw this.refused('log-cut', `${path} holds ${part.length} entries`);
      entries.push(...part.slice(0, bundle.width));
    }
    return entries;
  }

  /**
   * A file that the signed size promises. A log may delete a partial tile once the full one is there
   * (c2sp.org/tlog-tiles, "Partial Tiles"), whose beginning it is; only when both are gone was the log cut.
   */
  private async promised(path: string, fullPath: string, headers: Record<string, string> = {}): Promise<Uint8Array> {
    const paths = path === fullPath ? [path] : [path, fullPath];
    for (const one of paths) {
      const answer = await this.get(one, headers);
      if (answer.ok) return answer.bytes;
      if (answer.status !== 404 && answer.status !== 410) throw this.noAnswer(one, answer);
    }
    throw this.refused('log-cut', `${paths.map((one) => this.urlOf(one)).join(' and ')}: not there`);
  }

  private decoded(path: string, bytes: Uint8Array, leafIndex: number): Uint8Array[] {
    try {
      return tlog.decodeEntries(bytes);
    } catch (error) {
      if (error instanceof CryptoError) throw this.refused('entry-altered', `${path}: ${error.message}`, leafIndex);
      throw error;
    }
  }

  private get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.requests.send(this.urlOf(path), { headers });
  }

  private urlOf(path: string): string {
    return `${this.log.url.replace(/\/$/, '')}/${path}`;
  }

  private noAnswer(path: string, { status }: Answer): NoAnswer {
    return new NoAnswer('unreachable', `${this.urlOf(path)} answers ${status}`, status);
  }

  private refused(code: string, message: string, leafIndex?: number): LogRefused {
    return new LogRefused({ code, party: this.log.party, message, ...(leafIndex === undefined ? {} : { leafIndex }) });
  }
}
