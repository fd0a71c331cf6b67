import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Page = Map<string, { figures: number[] | null; reasons: Map<string, string> }>;
type List = { promiseFiles: Record<string, string[]>; wanted: number };
type Pages = {
  read(text: string): Page;
  write(page: Page, list: List): string;
  complaints(page: Page, list: List): string[];
};
const load = async <T>(path: string): Promise<T> => (await import(pathToFileURL(join(root, path)).href)) as T;
const { read, write, complaints } = await load<Pages>('tools/mutants/page.mjs');
const list = await load<List>('tools/mutants/files.mjs');

describe('docs/mutants.md', () => {
  const page = read(readFileSync(join(root, 'docs/mutants.md'), 'utf8'));

  it('has a row for each file of the list, and no complaint', () => {
    expect([...page.keys()]).toEqual(Object.keys(list.promiseFiles));
    expect(complaints(page, list)).toEqual([]);
  });

  it('comes from files and specs that exist', () => {
    const named = Object.entries(list.promiseFiles).flat(2);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(['too few are noticed', 'a reason is missing'])('is complained of when %s', (what) => {
    const figures = what === 'too few are noticed' ? [10, 8, 0] : [10, 9, 0];
    const reason = what === 'too few are noticed' ? 'Nobody can tell.' : '';
    const bad: Page = new Map([['a.ts', { figures, reasons: new Map([['`x` → `y`', reason]]) }]]);
    const again = read(write(bad, { promiseFiles: { 'a.ts': [] }, wanted: 90 }));
    expect(again).toEqual(bad);
    expect(complaints(again, list)).toEqual([
      what === 'too few are noticed' ? '8 of 10 faults are noticed, less than 90 %' : 'a.ts: no reason for `x` → `y`',
    ]);
  });
});

describe('npm run test:mutants', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cpds-mutants-'));
  const pagePath = join(folder, 'page.md');
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (...options: string[]) =>
    spawnSync(
      process.execPath,
      [
        join(root, 'tools/mutants.mjs'),
        ...['--list', join(root, 'tools/checks/planted/mutants.mjs'), '--page', pagePath, '--concurrency', '1'],
        ...options,
      ],
      { encoding: 'utf8' },
    );

  it('lists what no test notices, and nothing that one does; a fault that outlives its run blames no other', () => {
    writeFileSync(pagePath, '');
    const { stdout, stderr, status } = run('--write', '--force');
    const planted = 'tools/checks/planted/toll.mjs';
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
