// Measures contenders in interleaved rounds, on one core, and keeps the result as bench/results/NAME.json. Benches are
// never tests: nothing here fails for being slow.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * Whether this process runs on one core only. If it does not and there is `taskset`, runs the same command again on the
 * last core that it may use, and exits with its exit code.
 */
export function onOneCore() {
  if (availableParallelism() === 1) return true;
  const allowed = /^Cpus_allowed_list:.*?(\d+)$/m.exec(readIfThere('/proc/self/status'));
  if (allowed === null || spawnSync('taskset', ['--version']).error !== undefined) return false;
  const command = [process.execPath, '--expose-gc', ...process.argv.slice(1)];
  const { status } = spawnSync('taskset', ['-c', allowed[1], ...command], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause.code === 'ENOENT') return '';
    throw cause;
  }
}

/** The median. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** Processor time of this process: with one thread that computes, the same as a clock's on an idle machine. */
function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * A contender that runs a function many times in a round.
 *
 * @param run one operation; gets what `prepare` made for it
 * @param prepare makes the input of one operation, outside of the measured time
 */
export function timed(run, prepare = () => undefined) {
  let count = 1;
  const batch = () => {
    const inputs = Array.from({ length: count }, prepare);
    globalThis.gc?.({ type: 'minor' }); // so that no contender pays for another's garbage; a whole collection would also throw away optimised code
    const start = processorMs();
    for (const input of inputs) run(input);
    return (processorMs() - start) / count;
  };
  return {
    warmUp({ roundMs }) {
      for (let spent = 0; spent < 2 * roundMs;) {
        const each = batch();
        spent += Math.max(each * count, 0.01);
        count = Math.max(1, Math.min(2 * count, Math.round(roundMs / each)));
      }
    },
    round: batch,
  };
}

/**
 * Milliseconds of one operation of each contender, round by round. Each round asks all of them, beginning with another one each time, so that what else the
 * machine does falls on all alike.
 *
 * @param contenders by name: `timed(...)`, or anything with `round()` that gives milliseconds
 */
export async function measured(options, contenders) {
  const entries = Object.entries(contenders);
  for (const [, one] of entries) await one.warmUp?.(options);
  const times = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (let turn = 0; turn < entries.length; turn++) {
      const [name, one] = entries[(round + turn) % entries.length];
      times[name].push(await one.round(options));
    }
  }
  return times;
}

/**
 * One row of a result: medians, and the median of the rounds' own ratios, which a busy machine moves far less than the ratio of
 * two medians. More is better where the unit is a rate (`MB/s`), less everywhere else; ratio > 1 where ours is better.
 *
 * @param ours,peer the result of `measured` for them, or one value alone; null if there is none
 * @param inUnit makes a value of the row's unit of one of those
 */
export function row({ name, unit, ours, peer = null, inUnit = (value) => value, peerName = null, note }) {
  const middle = (values) => (values === null ? null : rounded(inUnit(median(values))));
  const better = (a, b) => (unit.endsWith('/s') ? a / b : b / a);
  const ratio = peer === null ? null : median(ours.map((one, round) => better(inUnit(one), inUnit(peer[round]))));
  const made = { name, unit, ours: middle(ours), peer: middle(peer), peerName, ratio: rounded(ratio, 3) };
  console.error(
    `${name}: ${made.ours} ${unit}${peer === null ? '' : `, ${peerName}: ${made.peer}, ratio ${made.ratio}`}`,
  );
  return note === undefined ? made : { ...made, note };
}

function rounded(value, digits = 4) {
  return value === null ? null : Number(value.toPrecision(digits));
}

/** Writes bench/results/NAME.json and prints it as a table. @param notes what a reader must know of the whole run */
export function keep(name, rows, notes = []) {
  const result = { machine: machine(), node: process.versions.node, commit: commit(), notes, rows };
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(result, null, 2)}\n`);
  console.table(
    rows.map(({ name: what, unit, ours, peer, peerName, ratio }) => ({ what, unit, ours, peer, peerName, ratio })),
  );
  for (const note of notes) console.log(note);
}

function machine() {
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const system = `${type()} ${/^\d+\.\d+/.exec(release())?.[0] ?? ''} ${arch()}`;
  return `${cpus()[0].model.trim()}, ${cpus().length} cores, ${memoryGiB} GiB, ${system}`;
}

/** The commit that was measured, with a plus where files had changed since. */
function commit() {
  const git = (...args) => {
    const { stdout } = spawnSync('git', args, { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8' });
    return (stdout ?? '').trim();
  };
  const changed = git('status', '--porcelain', '--', '.', ':!bench/results', ':!docs/benchmarks.md') !== '';
  return `${git('rev-parse', '--short=12', 'HEAD')}${changed ? '+' : ''}`;
}
