import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import type { EventEnvelope } from '@cpds/messages';
import { Journal } from './journal.js';

const signer = tlog.noteSigner('cpds/north/audit', new Uint8Array(32).fill(7));
const ring = new KeyRing(new Uint8Array(32).fill(9));
const perFile = 65_536;
const dayMs = 86_400_000;

const hashOf = (index: number): Uint8Array => createHash('sha256').update(`leaf ${index}`).digest();
const hashesOf = (from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, i) => hashOf(from + i));
const checkpointOf = (size: number): string =>
  tlog.signCheckpoint({ origin: signer.name, size, root: hashOf(-size) }, signer);
const own = (seq: number): EventEnvelope => ({
  id: '3e0a4b1c-5d2f-4a6b-8c7d-9e0f1a2b3c4d',
  type: 'audit.message-refused.v1',
  producer: 'audit.north',
  seq,
  at: '2026-01-01T00:00:00.000Z',
  correlation: 'refused-1',
  salt: `0x${'11'.repeat(32)}`,
  details: { reason: 'is none' },
});

describe('a journal', () => {
  let folder: string;
  let journal: Journal;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cpds-journal-'));
    journal = await Journal.open(folder, [tlog.verifierOf(signer)], ring);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (from: number, to: number): Promise<void> =>
    journal.write({ from, hashes: hashesOf(from, to), checkpoint: checkpointOf(to) });

  it('is empty at first', async () => {
    expect(await journal.last()).toBeNull();
    expect(await journal.own(0)).toEqual([]);
  });

  it('gives back what was written, also over the border of a file, and to the next process', async () => {
    await write(0, perFile - 3);
    await write(perFile - 3, perFile + 5);
    await write(perFile + 5, perFile + 6);
    const next = await Journal.open(folder, [tlog.verifierOf(signer)], ring);
    expect(await next.last()).toMatchObject({ size: perFile + 6, root: hashOf(-perFile - 6) });
    expect(await next.hashes(perFile - 4, perFile + 6)).toEqual(hashesOf(perFile - 4, perFile + 6));
    expect(readdirSync(join(folder, 'leaves')).sort()).toEqual(['0', '1']);
    await expect(next.hashes(0, perFile + 7)).rejects.toMatchObject({ code: 'journal-damaged' });
  });

  it('writes over hashes that no checkpoint covers', async () => {
    await write(0, 2);
    await journal.prepare(2, hashesOf(100, 110));
    expect(await journal.last()).toMatchObject({ size: 2 });
    await write(2, 4);
    expect(await journal.hashes(0, 4)).toEqual(hashesOf(0, 4));
  });

  it('keeps own events in the order of their numbers', async () => {
    await journal.keepOwn([9, 10, 2].map(own));
    expect((await journal.own(2)).map(({ seq }) => seq)).toEqual([9, 10]);
  });

  it('forgets only what anchors cover, and after two weeks', async () => {
    await write(0, 2 * perFile + 1);
    await journal.keepOwn([own(1)]);
    const files = (): string[] => readdirSync(join(folder, 'leaves')).sort();
    const after = (days: number): Date => new Date(Date.now() + days * dayMs);
    await journal.prune(2 * perFile + 1, after(13));
    expect([files(), await journal.own(0)]).toEqual([['0', '1', '2'], [own(1)]]);
    await journal.prune(2 * perFile - 1, after(15));
    expect([files(), await journal.own(0)]).toEqual([['1', '2'], []]);
    await journal.prune(2 * perFile, after(15));
    expect(files()).toEqual(['2']);
    expect(await journal.last()).toMatchObject({ size: 2 * perFile + 1 });
  });
});
