/** A patient's wallet in every storage: one suite for all, then what is asked of each. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStorage } from './file-storage.js';
import { MemoryStorage } from './memory-storage.js';
import { journey } from './testing/journey.js';
import { World } from './testing/world.js';
import { WalletHolder } from './wallet-holder.js';
import type { WalletStorage } from './wallet-storage.js';

const dir = mkdtempSync(join(tmpdir(), 'cpds-wallet-'));
let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());
afterAll(() => rmSync(dir, { recursive: true }));

const storages: [string, () => WalletStorage][] = [
  ['memory', () => new MemoryStorage()],
  ['a file', () => new FileStorage(join(dir, String(readdirSync(dir).length), 'wallet.json'))],
];

describe.each(storages)('a wallet in %s', (_, newStorage) => {
  it('is nothing at first, and then the text that was written last', async () => {
    const storage = newStorage();
    expect(await storage.read()).toBeNull();
    await storage.write('a longer text, ü');
    await storage.write('another');
    expect(await storage.read()).toBe('another');
  });

  it('goes from enrolment to revocation, stored at each step', async () => {
    const { lines, grantId, ...rest } = await journey(newStorage(), world.pins);
    expect(lines[1]).toBe('Who: Cardiology, south');
    expect(rest).toEqual({
      patientId: world.patientId,
      isSameSeed: true,
      ringSize: 16,
      storedGrants: [grantId],
      confirmedBy: ['storeman-1', 'storeman-2', 'storeman-3'],
      needed: 3,
    });
    expect(world.consents.map(({ grant }) => grant.slot)).toHaveLength(1);
    expect(world.revocations).toMatchObject([{ kind: 'revoke', grantId }]);
  });

  it('is not made where one is, and not opened where none is or where it is broken', async () => {
    const storage = newStorage();
    await expect(WalletHolder.open(storage)).rejects.toMatchObject({ code: 'unknown-wallet', kind: 'missing' });
    await (await WalletHolder.create(storage, world.pins)).enrol('a'.repeat(16));
    await expect(WalletHolder.create(storage, world.pins)).rejects.toMatchObject({ code: 'wallet-exists' });
    const text = (await storage.read())!;
    await storage.write(text.slice(0, -1));
    await expect(WalletHolder.open(storage)).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('keeps its seed when the hospital does not take its enrolment', async () => {
    const storage = newStorage();
    const { home } = world.pins;
    const holder = await WalletHolder.create(storage, {
      ...world.pins,
      home: { ...home, identityUrl: `${world.url}/nobody` },
    });
    await expect(holder.enrol('a'.repeat(16))).rejects.toMatchObject({ code: 'world' });
    const opened = await WalletHolder.open(storage);
    expect(opened.file).toEqual(holder.file);
    expect(() => opened.account).toThrow('this wallet is not enrolled');
  });

  it('sends no consent whose grant could not be stored', async () => {
    const storage = newStorage();
    const holder = await WalletHolder.create(storage, world.pins);
    await holder.enrol('a'.repeat(16));
    const [deed] = await holder.deeds();
    const review = await holder.review(await holder.request('0b5f1f9e-6d0b-4a53-9d4b-2f1f3f1d7a11'), deed!);
    storage.write = () => Promise.reject(new Error('the disk is full'));
    await expect(holder.consent(review)).rejects.toThrow('the disk is full');
    expect(world.consents).toEqual([]);
    expect(holder.file.grants).toEqual([]);
  });

  it('gives two consents at once two slots, and keeps both', async () => {
    const storage = newStorage();
    const holder = await WalletHolder.create(storage, world.pins);
    await holder.enrol('a'.repeat(16));
    const request = await holder.request('0b5f1f9e-6d0b-4a53-9d4b-2f1f3f1d7a11');
    const [deed] = await holder.deeds();
    const review = await holder.review(request, deed!);
    const given = await Promise.all([1, 2, 3].map(() => holder.consent(review)));
    const stored = (await WalletHolder.open(storage)).file.grants;
    expect(new Set(stored.map(({ grantId }) => grantId))).toEqual(new Set(given.map(({ grantId }) => grantId)));
    expect(new Set(stored.map(({ grant }) => grant.slot)).size).toBe(3);
  });
});
