import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const config = join(root, 'tools/tests/planted/lots.config.mjs');
const planted = 'tools/tests/planted/draws.spec.mjs';
const real = 'tools/tests/planted/real.integration.spec.mjs';

type Drawn = Record<string, number>;
type Turn = [spec: string, first: number, last: number];

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'cpds-lots-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Takes turns in a process of its own. Returns, for each run, the lines that the planted spec wrote, and how many bytes it drew at each place. */
async function draws(word: string, turns: Turn[], ...options: string[]): Promise<{ lines: string[]; drawn: Drawn }[]> {
  const path = join(mkdtempSync(join(folder, 'run-')), 'lines');
  const jest = [join(root, 'node_modules/jest/bin/jest.js'), '--config', config, '--runInBand', '--runTestsByPath'];
  const child = spawn(process.execPath, [...jest, turns[0]![0], ...options], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, CPDS_PLANTED: path, CPDS_LOTS: JSON.stringify({ word, turns, until: null }) },
  });
  const all: Drawn[] = [];
  child.on('message', ({ drawn }: { drawn?: Drawn }) => drawn && all.push(drawn));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const size = lines.length / all.length;
  return all.map((drawn, i) => ({ drawn, lines: lines.slice(i * size, (i + 1) * size) }));
}

describe('the randomness of unit specs', () => {
  it('is the same under one seed, from every source, and another under another', async () => {
    const [first, second, again] = await draws('word', [
      [planted, 1, 2],
      [planted, 1, 1],
    ]);
    const [other] = await draws('other', [[planted, 1, 1]]);
    expect(again).toEqual(first);
    expect(first!.lines.length).toBeGreaterThan(15);
    for (const [i, line] of first!.lines.entries()) {
      expect(other!.lines[i]).not.toBe(line);
      // A shared module is loaded once, for all seeds of one word.
      if (line.startsWith('shared ')) expect(second!.lines[i]).toBe(line);
      else expect(second!.lines[i]).not.toBe(line);
    }
    expect(first!.drawn).toMatchObject({ '["planted","draws alone"]': 8 });
  }, 120_000);

  it('of one test hangs on no other test, and is no other in a process of its own', async () => {
    const [whole] = await draws('word', [[planted, 5, 5]]);
    const [alone] = await draws('word', [[planted, 5, 5]], '-t', 'draws alone');
    expect(alone!.lines).toHaveLength(2);
    expect(whole!.lines).toEqual(expect.arrayContaining(alone!.lines));
  }, 120_000);

  it('is real in specs that share servers', async () => {
    const [one, again] = await draws('word', [
      [real, 1, 1],
      [real, 1, 1],
    ]);
    expect(one!.lines).not.toEqual(again!.lines);
    expect(one!.drawn).toEqual({});
  }, 120_000);
});

describe('npm run test:lots', () => {
  it('finds what fails now and then, counts it, and says how to repeat it', () => {
    const env = { ...process.env, CPDS_SEED: 'word', CPDS_PLANTED: join(folder, 'lots') };
    const args = [join(root, 'tools/lots.mjs'), '40', '--config', config];
    const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    const [, seeds] = /^ {4}under (.*)$/m.exec(stdout)!;
    const failed = seeds!.split(' ').length;
    expect(failed).toBeGreaterThan(1);
    expect(failed).toBeLessThan(20);
    expect(stdout).toContain(`CPDS_SEED=${seeds!.split(' ')[0]} npx jest ${planted} -t '^planted fails now and then$'`);
    expect(stdout.trim().split('\n').at(-1)).toBe(`lots: 1 specs, 40 seeds, 41 runs, ${failed} failed`);
    expect(status).toBe(1);
  }, 120_000);
});
