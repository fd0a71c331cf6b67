import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Page = Map<string, { figures: number[] | null; reasons: Map<string, string> }>;
type List = { promiseFiles: Record<string, string[]>; wanted: number };
type Pages = {
  read(text: string): Page;
  write(page: Page, list: List): string;
  complaints(page: Page, files: string[], list: List): string[];
};
const load = async <T>(path: string): Promise<T> => (await import(pathToFileURL(join(root, path)).href)) as T;
const { read, write, complaints } = await load<Pages>('tools/mutants/page.mjs');
const list = await load<List>('tools/mutants/files.mjs');

describe('docs/mutants.md', () => {
  const page = read(readFileSync(join(root, 'docs/mutants.md'), 'utf8'));

  it('has a row for each file of the list, and no complaint', () => {
    expect([...page.keys()]).toEqual(Object.keys(list.promiseFiles));
    expect(complaints(page, [...page.keys()], list)).toEqual([]);
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
    expect(complaints(again, ['a.ts'], list)).toEqual([
      what === 'too few are noticed' ? '8 of 10 faults are noticed, less than 90 %' : 'a.ts: no reason for `x` → `y`',
    ]);
  });
});
