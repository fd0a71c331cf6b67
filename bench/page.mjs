// `npm run bench -- page`: docs/benchmarks.md from bench/results/*.json. Each bench does so at its end.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';

const folder = new URL('results/', import.meta.url);
const page = new URL('../docs/benchmarks.md', import.meta.url);

const introduction = `<!-- Written by \`npm run bench -- page\` from bench/results: change that, not this. -->

# Benchmarks

What this project takes beside others that do the same, each measured in one run on one machine. They are no tests: nothing fails for being slow. Numbers of different machines, and of different runs, say nothing about each other; the ratio of one row does.

## How to read a row

**Ours** and **peer** are medians of interleaved rounds: each round asks all contenders, beginning with another one each time, so what else the machine does falls on all alike. **Ratio** is the median of the rounds' own ratios, which moves less from run to run than the ratio of two medians; it is above 1 where ours is better, whether more is better (a rate, \`…/s\`) or less is (time, memory). Times inside one process are processor time; files are timed by the clock, from the start of a process to its end. A row without a peer has none that does the same. A commit with a plus had changes beside it.

## How to run them

Everything must be built (\`npm run build\`), and nothing else should run.

\`\`\`sh
npm run bench -- crypto          # libs/crypto and its peers; under 15 minutes, 3 GiB of room
npm run bench -- crypto --quick  # shows that everything runs; about 2 minutes
npm run bench -- outbox          # appending while 100,000 events wait for the log; a minute
npm run bench -- share 10        # ten shares on the consortium that \`npx cpds up\` left running
npm run bench -- images          # sizes of the container images, and how soon a service is ready in one; 5 minutes
npm run bench -- page            # this page again
\`\`\`

The peers are packages of \`bench/\` alone, installed there the first time; nobody else gets them. The \`age\` program and the Go peer need Go.
`;

/** Every kept result by its name. */
export function results() {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(new URL(file, folder), 'utf8'))]);
}

/** The page, formatted as the repository is. */
export function pageOf(kept) {
  return format([introduction, ...kept.map(section)].join('\n'), { parser: 'markdown', printWidth: 120 });
}

function section([name, { machine, node, commit, notes, rows }]) {
  const remarks = [...new Set(rows.map(({ note }) => note).filter((note) => note !== undefined))];
  const cells = rows.map((one) => [
    one.name,
    one.unit,
    one.ours,
    one.peer,
    one.peerName,
    one.ratio,
    one.note === undefined ? '' : remarks.indexOf(one.note) + 1,
  ]);
  const line = (values) => `| ${values.map((value) => String(value ?? '—').replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    `## ${name}\n`,
    `${machine}; Node ${node}; commit ${commit}.\n`,
    ...notes.map((note) => `- ${note}`),
    '',
    line(['what', 'unit', 'ours', 'peer', 'peer is', 'ratio', 'note']),
    '| --- | --- | ---: | ---: | --- | ---: | --- |',
    ...cells.map(line),
    '',
    ...remarks.map((remark, at) => `${at + 1}. ${remark}`),
    '',
  ].join('\n');
}

export async function run() {
  writeFileSync(page, await pageOf(results()));
  console.error('wrote docs/benchmarks.md');
}
