/** Reads a log over c2sp.org/tlog-tiles. Everything it returns is unchecked. */

import * as tlog from '@cpds/crypto/tlog';
import type { LogPolicy } from './policy.js';
import { LogRefused } from './discrepancy.js';

/** The platform's fetch, or that of a test. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** A tile as served. */
export interface ServedTile {
  readonly path: string;
  readonly level: number;
  readonly bytes: Uint8Array;
}

export class LogSource {
  constructor(
    private readonly log: LogPolicy,
    private readonly fetch: Fetch,
  ) {}

  /** @throws LogRefused `unreachable` */
  async checkpoint(): Promise<string> {
    return (await this.get('checkpoint')).text();
  }

  /** All tiles of a tree of `size` leaves. */
  async tiles(size: number): Promise<ServedTile[]> {
    const tiles: ServedTile[] = [];
    for (const tile of tlog.tilesOf(size)) {
      const path = tlog.tilePath(tile);
      tiles.push({ path, level: tile.level, bytes: await this.bytes(path) });
    }
    return tiles;
  }

  /** All entries of a log of `size` leaves, or null without a token. */
  async entries(size: number): Promise<Uint8Array[] | null> {
    if (this.log.token === undefined) return null;
    const entries: Uint8Array[] = [];
    for (const bundle of tlog.bundlesOf(size)) {
      const path = tlog.entriesPath(bundle);
      const part = tlog.decodeEntries(await this.bytes(path, { authorization: `Bearer ${this.log.token}` }));
      if (part.length !== bundle.width) throw this.refused('log-cut', `${path} holds ${part.length} entries`);
      entries.push(...part);
    }
    return entries;
  }

  private async bytes(path: string, headers: Record<string, string> = {}): Promise<Uint8Array> {
    return new Uint8Array(await (await this.get(path, headers)).arrayBuffer());
  }

  private async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    const url = `${this.log.url.replace(/\/$/, '')}/${path}`;
    // As a method of this object a browser's own fetch refuses: "Illegal invocation".
    const { fetch } = this;
    let response: Response;
    try {
      response = await fetch(url, { headers });
    } catch {
      throw this.refused('unreachable', `${url} does not answer`);
    }
    if (response.ok) return response;
    // A log that signed a size must serve it: a missing tile is a discrepancy, not an outage.
    throw this.refused(response.status === 404 ? 'log-cut' : 'unreachable', `${url} answers ${response.status}`);
  }

  private refused(code: string, message: string): LogRefused {
    return new LogRefused({ code, party: this.log.party, message });
  }
}
