// `npm run test:lots -- 200`: runs every unit spec that draws under that many seeds, and ends with
// `lots: S specs, N seeds, R runs, F failed`. Exit code 0 only when nothing failed.
//   --only PATTERN   specs whose path matches
//   --minutes N      stops after about that long, each spec having had its part, and says what was not run
//   --config FILE    another jest configuration
// CPDS_SEED=<word> begins the seeds: <word>.1, <word>.2, ... A spec draws if it asked the generator under the first. That one is taken twice.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inPinnedNode } from './node.mjs';
import { root } from './setup.mjs';

await inPinnedNode();

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    minutes: { type: 'string' },
    config: { type: 'string', default: join(root, 'tools/jest/lots.config.mjs') },
  },
});
const count = Number(positionals[0] ?? 200);
const minutes = Number(values.minutes ?? Infinity);
if (!Number.isInteger(count) || count < 1 || !(minutes > 0)) {
  console.error('npm run test:lots -- SEEDS [--only PATTERN] [--minutes N] [--config FILE]');
  process.exit(2);
}

const started = Date.now();
const jest = [join(root, 'node_modules/jest/bin/jest.js'), '--config', values.config];
const word = (process.env.CPDS_SEED || randomBytes(4).toString('hex')).replaceAll('.', '-');
const seconds = (ms) => `${Math.round(ms / 1000)} s`;

/** For each spec: its runs and their milliseconds, whether it drew, and for each test the seeds under which it failed. */
const table = new Map();
let now = 'starting';

/** Adds a run to the table. */
function note({ spec, number, failures, drawn, ms }) {
  const row = table.get(spec) ?? { runs: 0, ms: 0, draws: false, firstDrawn: drawn, failed: new Map() };
  table.set(spec, row);
  row.runs += 1;
  row.ms += ms;
  row.draws ||= Object.keys(drawn).length > 0;
  const all = number === 1 ? [...failures, ...changes(row.firstDrawn, drawn)] : failures;
  for (const { name, isTest, message } of all) {
    const seed = `${word}.${number}`;
    if (!row.failed.has(name)) {
      row.failed.set(name, { seeds: new Set(), isTest });
      console.log(`FAILED ${spec}: ${name} under ${seed}\n${message}\n`);
    }
    row.failed.get(name).seeds.add(seed);
  }
}

/** The places that drew more or less when the same lot was taken again: some state outlived the first run. */
function changes(before, after) {
  const places = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...places]
    .filter((place) => before[place] !== after[place])
    .map((place) => ({
      name: JSON.parse(place).join(' '),
      isTest: false,
      message: `drew ${before[place] ?? 0} bytes, and ${after[place] ?? 0} when run again under the same seed`,
    }));
}

/** Runs the turns in one process after another: a process ends early when its memory is full or it breaks. */
async function take(turns, until) {
  while (turns.length > 0) {
    let last;
    const paths = turns.map(([spec]) => spec);
    const child = spawn(process.execPath, [...jest, '--runInBand', '--runTestsByPath', ...paths], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, CPDS_LOTS: JSON.stringify({ word, turns, until }) },
    });
    const stop = () => child.kill();
    process.once('exit', stop);
    child.on('message', (report) => {
      last = report;
      now = report.spec;
      if (report.failures) note(report);
    });
    const [code, signal] = await new Promise((resolve) => child.once('close', (...end) => resolve(end)));
    process.off('exit', stop);
    if (last === undefined) throw new Error(`jest ended with ${code ?? signal} before the first run`);
    if (code === 0 && !last.isFull) return;
    if (last.failures === undefined) {
      const failure = { name: '(process)', isTest: false, message: `the process ended with ${code ?? signal}` };
      note({ ...last, failures: [failure], drawn: {}, ms: 0 });
    }
    const at = turns.findIndex(([spec]) => spec === last.spec);
    turns = [[last.spec, last.number + 1, turns[at][2]], ...turns.slice(at + 1)];
  }
}

const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The result of a spec, as lines. */
function account(spec, { runs, ms, draws, failed }) {
  const missing = count + 1 - runs;
  const short = missing > 0 ? `, ${missing} NOT RUN` : '';
  const lines = draws ? [`${spec}: ${runs} runs, ${seconds(ms)}${short}`] : [];
  for (const [name, { seeds, isTest }] of failed) {
    const [first] = seeds;
    const only = isTest ? ` -t ${quoted(`^${name.replace(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)}$`)}` : '';
    lines.push(
      `  FAILED ${name}`,
      `    under ${[...seeds].join(' ')}`,
      `    CPDS_SEED=${first} npx jest ${spec}${only}`,
    );
  }
  return lines;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
setInterval(() => {
  const runs = [...table.values()].reduce((sum, row) => sum + row.runs, 0);
  console.error(`lots ... ${runs} runs, now ${now}, ${seconds(Date.now() - started)}`);
}, 10_000).unref();

const listed = spawnSync(process.execPath, [...jest, '--listTests'], { cwd: root, encoding: 'utf8' });
if (listed.status !== 0) throw new Error(`jest lists no specs: ${listed.stderr}`);
const specs = listed.stdout
  .split('\n')
  .filter((path) => path.startsWith(root))
  .map((path) => path.slice(root.length))
  .filter((spec) => new RegExp(values.only).test(spec))
  .sort();

console.log(`CPDS_SEED=${word}`);
await take(
  specs.map((spec) => [spec, 1, 1]),
  null,
);
const drawing = [...table].filter(([, { draws }]) => draws).sort(([, a], [, b]) => a.ms - b.ms);
console.log(`${drawing.length} of ${specs.length} specs draw`);
await take(
  drawing.map(([spec]) => [spec, 1, count]),
  minutes === Infinity ? null : started + minutes * 60_000,
);

for (const [spec, row] of table) for (const line of account(spec, row)) console.log(line);
const runs = drawing.reduce((sum, [, row]) => sum + row.runs, 0);
const failed = [...table.values()].reduce(
  (sum, row) => sum + new Set([...row.failed.values()].flatMap(({ seeds }) => [...seeds])).size,
  0,
);
console.log(`in ${seconds(Date.now() - started)}`);
console.log(`lots: ${drawing.length} specs, ${count} seeds, ${runs} runs, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
