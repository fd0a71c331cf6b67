import { readFileSync } from 'node:fs';
import { pageOf, results } from '../bench/page.mjs';

/** docs/benchmarks.md is what bench/results give, and nobody wrote into it. */

interface Row {
  name: string;
  unit: string;
  ours: number | null;
  peer: number | null;
  peerName: string | null;
  ratio: number | null;
}

const kept = results() as [string, { machine: string; node: string; commit: string; rows: Row[] }][];

describe('docs/benchmarks.md', () => {
  it('is the page of the kept results', async () => {
    const page = readFileSync(new URL('../docs/benchmarks.md', import.meta.url), 'utf8');
    expect(page === (await pageOf(kept)) ? 'fresh' : 'run: npm run bench -- page').toBe('fresh');
  });

  it('shows ratios above 1 where ours is better', () => {
    const rows = kept.flatMap(([, result]) => result.rows).filter((row) => row.ratio !== null);
    expect(rows.length).toBeGreaterThan(40);
    for (const { name, unit, ours, peer, ratio } of rows) {
      const better = unit.endsWith('/s') ? ours! / peer! : peer! / ours!;
      // of the rounds' own ratios: near that of the medians, and never its inverse where they differ
      expect([name, Math.abs(better - ratio!) / better < 0.25]).toEqual([name, true]);
    }
  });
});
