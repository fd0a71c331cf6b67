import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Page = Map<string, { figures: number[] | null; reasons: Map<string, string> }>;
const { read } = (await import(pathToFileURL(join(root, 'tools/mutants/page.mjs')).href)) as {
  read(text: string): Page;
};

describe('npm run test:mutants', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cpds-mutants-'));
  const pagePath = join(folder, 'page.md');
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (...options: string[]) =>
    spawnSync(
      process.execPath,
      [
        join(root, 'tools/mutants.mjs'),
        ...['--list', join(root, 'tools/tests/planted/mutants.mjs'), '--page', pagePath, '--concurrency', '1'],
        ...options,
      ],
      { encoding: 'utf8' },
    );

  it('lists what no test notices, and nothing that one does; a fault that outlives its run blames no other', () => {
    writeFileSync(pagePath, '');
    const { stdout, stderr, status } = run('--write', '--force');
    const planted = 'tools/tests/planted/toll.mjs';
    const page = read(readFileSync(pagePath, 'utf8'));
    expect([...page.get(planted)!.reasons.keys()]).toEqual([
      '`axles > 2` → `axles >= 2`',
      '`{ return axles === 0; }` → `{}`',
      '`axles === 0` → `true`',
      '`axles === 0` → `false`',
      '`axles === 0` → `axles !== 0`',
    ]);
    expect(page.get(planted)!.figures).toEqual([16, 11, 0]);
    expect(stderr).toContain(`${planted}: no reason for \`axles > 2\` → \`axles >= 2\``);
    expect(stdout).toMatch(/mutants: 16 faults, 11 noticed, 5 complaints\n$/);
    expect(status).toBe(1);
  }, 180_000);

  it('passes over a page with a reason for each, and complains of one that is noticed by now', () => {
    const text = readFileSync(pagePath, 'utf8').replaceAll('No reason is given yet.', 'Nobody drives one.');
    writeFileSync(pagePath, text);
    expect(run().status).toBe(0);
    writeFileSync(pagePath, text.replaceAll('axles >= 2', 'axles >= 3'));
    const { stderr, status } = run();
    expect(stderr).toContain('the page lists `axles > 2` → `axles >= 3`, which is noticed or gone');
    expect(status).toBe(1);
  }, 180_000);
});
