import { globSync, readFileSync } from 'node:fs';
import { root } from '../docs/sources.js';

/** Doors that have schemas of their own take text as `@cpds/errors` says. Configuration and key files are an operator's. */

const sources = globSync('{apps/{identity,records,bridge,audit},libs/{messages,service,bus}}/src/**/*.ts', {
  cwd: root,
}).filter((file) => !/(\.spec|config|key-file|hex)\.ts$|\/testing\//.test(file));

/** Lines with a text that any text fits: no pattern follows. */
function carelessIn(text: string): string[] {
  return [...text.matchAll(/z\s*\.string\(\)(?!\s*\.regex\()/g)].map(
    ({ index }) => text.slice(index, index + 60).split('\n')[0]!,
  );
}

describe('a schema in the sources of a service', () => {
  it('takes text by `text`, `anyText` or a pattern', () => {
    expect(sources.length).toBeGreaterThan(200);
    const careless = sources.flatMap((file) =>
      carelessIn(readFileSync(`${root}/${file}`, 'utf8')).map((line) => `${file}: ${line}`),
    );
    expect(careless).toEqual([]);
  });

  it('would be noticed if it did not', () => {
    expect(
      carelessIn('z.object({ a: z.string().min(1), b: z\n  .string(),\n c: z.string().regex(/x/) })'),
    ).toHaveLength(2);
  });
});
