// `npm run test:mutants`: plants one fault after another in the files that carry promises (tools/mutants/files.mjs), runs the specs that stand for
// each, and compares what no test noticed with docs/mutants.md. Ends with `mutants: N faults, M noticed, F complaints`; exit code 0 only without
// complaints. A second run repeats what changed in a file, and all of a file whose specs changed.
//   --only PATTERN     files whose path matches
//   --write            writes docs/mutants.md; reasons that stand there stay
//   --force            repeats everything
//   --concurrency N    processes side by side
//   --list FILE        another list of files, with another --page FILE
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import * as prettier from 'prettier';
import setUp from './jest/global-setup.mjs';
import tearDown from './jest/global-teardown.mjs';
import { complaints, percent, read, write } from './mutants/page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: String(availableParallelism()) },
    list: { type: 'string', default: join(root, 'tools/mutants/files.mjs') },
    page: { type: 'string', default: join(root, 'docs/mutants.md') },
  },
});
const list = await import(pathToFileURL(values.list));
const { promiseFiles, leftOut } = list;
const files = Object.keys(promiseFiles).filter((file) => new RegExp(values.only).test(file));
if (files.length === 0) {
  console.error(`no file of ${values.list} matches ${values.only}`);
  process.exit(2);
}

/** Plants every fault in a file. Returns Stryker's result for each. */
async function plant(file) {
  return new Stryker({
    mutate: [file],
    testRunner: 'specs',
    plugins: [join(root, 'tools/mutants/runner.mjs')],
    promise: { file, specs: promiseFiles[file] },
    warnings: { unknownOptions: false },
    mutator: { excludedMutations: leftOut },
    coverageAnalysis: 'perTest',
    concurrency: Number(values.concurrency),
    incremental: true,
    incrementalFile: join(
      'node_modules/.cache/mutants',
      `${file.replaceAll('/', '+')}.${stateOf(promiseFiles[file])}.json`,
    ),
    force: values.force,
    // Servers and the machine have slow moments: a fault counts as noticed by a time limit only after a long one.
    timeoutMS: 60_000,
    timeoutFactor: 4,
    ignorePatterns: ['dist', '.cpds', '.nx'],
    tempDirName: join(tmpdir(), 'cpds-mutants'),
    cleanTempDir: 'always',
    disableTypeChecks: false,
    reporters: ['progress'],
    logLevel: 'error',
    allowConsoleColors: false,
  }).runMutationTest();
}

/** What specs say now. Stryker would keep a result of earlier specs for a fault that acts while its file is loaded. */
function stateOf(specs) {
  const hash = createHash('sha256');
  for (const spec of specs) hash.update(spec).update(readFileSync(spec));
  return hash.digest('hex').slice(0, 16);
}

/** A fault as the page names it: what stands in the source, and what stood there instead. */
function textOf(source, { location: { start, end }, replacement }) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return `${span(lines.join('\n'))} → ${span(replacement)}`;
}

/** Code on one line of the page, cut where it is long. */
function span(code) {
  const line = code.replace(/\s+/g, ' ').trim();
  const short = line.length > 60 ? `${line.slice(0, 59)}…` : line;
  return short.includes('`') ? `\`\` ${short} \`\`` : `\`${short || ' '}\``;
}

const format = async (text) =>
  prettier.format(text, { ...(await prettier.resolveConfig(values.page)), filepath: values.page });

process.chdir(root);
process.env.CPDS_SEED ||= 'mutants';
const needsServers = files.some((file) =>
  promiseFiles[file].some((spec) => /\.(integration|e2e)\.spec\.ts$/.test(spec)),
);
if (needsServers) await setUp();
const page = read(readFileSync(values.page, 'utf8'));
const found = [];
const sum = [0, 0];
for (const file of files) {
  const started = Date.now();
  const mutants = (await plant(file)).filter(({ status }) => status !== 'Ignored');
  const source = readFileSync(file, 'utf8');
  const left = mutants
    .filter(({ status }) => status !== 'Killed' && status !== 'Timeout')
    .sort(({ location: { start: a } }, { location: { start: b } }) => a.line - b.line || a.column - b.column);
  const late = mutants.filter(
    ({ status, statusReason }) =>
      status === 'Timeout' || (status === 'Killed' && /not over after \d+ ms/.test(statusReason ?? '')),
  );
  const figures = [mutants.length, mutants.length - left.length, late.length];
  figures.slice(0, 2).forEach((figure, i) => (sum[i] += figure));
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(
    `${file}: ${figures[1]} of ${figures[0]} noticed (${percent(figures)}), ${late.length} late, ${seconds} s`,
  );
  const earlier = page.get(file);
  const reasons = new Map(left.map((mutant) => [textOf(source, mutant), '']));
  for (const fault of reasons.keys()) reasons.set(fault, earlier?.reasons.get(fault) ?? '');
  for (const mutant of left) {
    const text = textOf(source, mutant);
    const { line, column } = mutant.location.start;
    console.log(`  ${line}:${column} ${mutant.status} ${text}${reasons.get(text) === '' ? '' : ' (has its reason)'}`);
  }
  if (!values.write) {
    for (const fault of earlier?.reasons.keys() ?? [])
      if (!reasons.has(fault)) found.push(`${file}: the page lists ${fault}, which is noticed or gone`);
    if (figures.slice(0, 2).join() !== earlier?.figures?.slice(0, 2).join())
      found.push(`${file}: the page has other figures; --write writes these`);
  }
  page.set(file, { figures, reasons });
  if (values.write) writeFileSync(values.page, await format(write(page, list)));
}
if (needsServers) await tearDown();
found.push(...complaints(page, files, list));
for (const line of found) console.error(line);
console.log(`mutants: ${sum[0]} faults, ${sum[1]} noticed, ${found.length} complaints`);
process.exit(found.length === 0 ? 0 : 1);
