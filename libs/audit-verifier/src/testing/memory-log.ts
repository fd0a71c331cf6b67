/** Logs for the tests of this folder, served from memory, that a test can falsify. */

import { concat } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { canonicalJson, events } from '@cpds/messages';
import type { Fetch } from '../requests.js';

/** A log served from memory, that a test can falsify. */
export class MemoryLog {
  readonly signer;
  entries: Uint8Array[] = [];
  /** Leaves of the hash tiles; the same as `entries` unless a test changes them. */
  hashed: Uint8Array[] | null = null;
  checkpoint: string | null = null;

  constructor(readonly party: string) {
    this.signer = tlog.noteSigner(`cpds/${party}/audit`, new Uint8Array(32).fill(party.length + 1));
  }

  add(type: string, correlation: string, producer: string): this {
    const seq =
      this.entries
        .map((entry) => JSON.parse(new TextDecoder().decode(entry)) as { producer: string })
        .filter((leaf) => leaf.producer === producer).length + 1;
    const leaf = { type, producer, seq, correlation, commitment: `0x${'00'.repeat(32)}` };
    this.entries.push(new TextEncoder().encode(canonicalJson(leaf)));
    return this;
  }

  get policy() {
    const verifierKey = tlog.formatVerifierKey(tlog.verifierOf(this.signer));
    return { party: this.party, origin: this.signer.name, verifierKey, url: `http://${this.party}/`, token: 'auditor' };
  }

  sign(size = this.entries.length): string {
    const root = tlog.hashRange({ from: 0, to: size }, (node) => this.node(this.entries, node));
    return tlog.signCheckpoint({ origin: this.signer.name, size, root }, this.signer);
  }

  readonly fetch: Fetch = async (url, init) => {
    const path = new URL(url).pathname.slice(1);
    if (path === 'checkpoint') return new Response(this.checkpoint ?? this.sign());
    const { level, index, width } = tlog.parseTilePath(path);
    if (level === 'entries') {
      if (new Headers(init?.headers).get('authorization') !== 'Bearer auditor')
        return new Response('', { status: 401 });
      return new Response(Buffer.from(tlog.encodeEntries(this.entries.slice(256 * index, 256 * index + width))));
    }
    const from = this.hashed ?? this.entries;
    if (256 ** level * (256 * index + width) > from.length) return new Response('', { status: 404 });
    const rows = Array.from({ length: width }, (_, row) =>
      this.node(from, { level: 8 * level, index: 256 * index + row }),
    );
    return new Response(Buffer.from(concat(...rows)));
  };

  private node(entries: Uint8Array[], { level, index }: tlog.TreeNode): Uint8Array {
    if (level === 0) return tlog.leafHash(entries[index]!);
    const [left, right] = [2 * index, 2 * index + 1].map((child) =>
      this.node(entries, { level: level - 1, index: child }),
    );
    return tlog.nodeHash(left!, right!);
  }
}

export const grantId = `0x${'ab'.repeat(32)}`;

/** A shared and opened grant as three logs tell it. */
export function consortium() {
  const [north, south, hub] = [new MemoryLog('north'), new MemoryLog('south'), new MemoryLog('hub')] as const;
  const on = (log: MemoryLog, producer: string, ...types: string[]): void =>
    types.forEach((type) => log.add(type, grantId, producer));
  north.add(events.patientEnrolled, 'request-1', 'identity.north');
  on(north, 'bridge.north', events.consented, events.lockSent, events.locked);
  on(south, 'bridge.south', events.consented, events.locked, events.mintSent, events.mapped, events.released);
  for (const name of ['voucher-1', 'voucher-3']) on(hub, name, events.vouchSent);
  for (const name of ['storeman-1', 'storeman-2', 'storeman-4'])
    on(hub, name, events.shareSigned, events.partialReleased);
  on(north, 'records.north', events.disclosed);
  on(south, 'records.south', events.fetched, events.opened);
  return { north, south, hub };
}
