/** Each service starts from the files of its image alone: `infra/images` lays them out, and nothing else is in the root. */

import { mkdtempSync, readdirSync, renameSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BareRoots } from './bare-root.js';

/** How long servers and contracts may take on a busy machine, milliseconds. */
const openMs = 180_000;
const startMs = 90_000;

/** Audit makes the stream that the others wait for. */
const names = [
  'audit.north',
  'identity.north',
  'records.north',
  'bridge.north',
  'audit.hub',
  'storeman-1',
  'voucher-1',
];

describe('a service in a root with the files of its image alone', () => {
  let roots: BareRoots;
  const stops: (() => Promise<void>)[] = [];
  const stopAll = () => Promise.all(stops.splice(0).map((stop) => stop()));

  beforeAll(async () => {
    roots = await BareRoots.open(mkdtempSync(join(tmpdir(), 'cpds-bare-')), () => undefined);
  }, openMs);
  afterAll(async () => {
    await stopAll();
    await roots.close();
  });

  it.each(names)(
    'is ready, read-only and under a uid drawn at random: %s',
    async (name) => {
      const { url, stop } = await roots.start(name);
      stops.push(stop);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
    },
    startMs,
  );

  const filesUnder = (dir: string): string[] =>
    readdirSync(dir, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
    );

  it('has no shell there, and no file that only its owner may read', () => {
    const files = filesUnder(roots.rootOf('bridge'));
    const programs = files.filter((path) => (statSync(path).mode & 0o111) !== 0).map((path) => path.split('/').at(-1));
    expect(programs.filter((name) => !name?.startsWith('ld-'))).toEqual(['node']);
    expect(files.filter((path) => (statSync(path).mode & 0o044) !== 0o044)).toEqual([]);
  });

  it(
    'does not start without any one of its files, and says which is missing',
    async () => {
      await stopAll();
      const root = roots.rootOf('bridge');
      const needed = filesUnder(root).filter((path) => /\.so(\.|$)|\/app\//.test(path));
      expect(needed.length).toBeGreaterThan(5);
      for (const path of needed) {
        renameSync(path, `${path}.away`);
        const started = roots.start('bridge.north', 20_000).then(
          async ({ stop }) => {
            await stop();
            return 'it started';
          },
          (error: Error) => error.message,
        );
        expect(await started).toMatch(/\.so|No such file|service\.mjs|secp256k1\.wasm/);
        renameSync(`${path}.away`, path);
      }
    },
    startMs,
  );
});
