import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { doctor } from '@cpds/cli';
import { figuresOf, labelsOf, listedIn, listedOf, type Figure } from '../support/figures.js';
import type { Stage } from '../support/stage.js';

const page = fileURLToPath(new URL('../../../docs/metrics.md', import.meta.url));

/** What Prometheus would see of a consortium that has shared. */
export function figuresSuite(stageOf: () => Stage): void {
  describe('the figures of all processes', () => {
    let texts: [process: string, text: string][];
    beforeAll(async () => {
      texts = await Promise.all(
        stageOf().world.consortium.processes.map(async ({ participant: { name }, url }): Promise<[string, string]> => {
          const answer = await fetch(new URL('/metrics', url));
          expect([name, answer.status]).toEqual([name, 200]);
          return [name, await answer.text()];
        }),
      );
    });

    it('are those of docs/metrics.md, each with its labels and its services', () => {
      const figures = new Map<string, Figure>();
      for (const [process, text] of texts) figuresOf(process, text, figures);
      const seen = listedOf(figures);
      const listed = listedIn(readFileSync(page, 'utf8'));
      const restOf = (all: typeof seen) => [...all].map(([name, { rest }]) => `${name}|${rest}`).sort();
      expect(restOf(seen)).toEqual(restOf(listed));
      // A label shows with the first value only, so the page may know of more.
      const unlisted = [...seen].flatMap(([name, { labels }]) =>
        [...labels].filter((label) => !listed.get(name)?.labels.has(label)).map((label) => `${name}{${label}}`),
      );
      expect(unlisted).toEqual([]);
    });

    it('satisfy `cpds doctor`', async () => {
      const diagnosis = await doctor({ dir: stageOf().world.consortium.dir, process: [], database: [] });
      expect(diagnosis.looked).toHaveLength(texts.length);
      expect(diagnosis.findings.filter(({ severity }) => severity === 'wrong')).toEqual([]);
    });

    it('name no patient, record, grant, key or account', () => {
      const values = new Set(texts.flatMap(([, text]) => labelsOf(text)));
      expect(values.size).toBeGreaterThan(50);
      const ids = [...values].filter(
        (value) => /0x|[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{4}-/i.test(value) || value.length > 80,
      );
      expect(ids).toEqual([]);
    });
  });
}
