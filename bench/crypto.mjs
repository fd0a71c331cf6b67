// `npm run bench -- crypto [--quick] [--only SUBJECT] [--size MIB] [--dir DIR]`: measures libs/crypto, as built, beside
// its peers. --quick only shows that everything runs; --size is that of the age file (default 1024); --dir has room for
// three times that (default /dev/shm, else the folder for temporary files).
import { parseArgs } from 'node:util';
import { keep, onOneCore } from './harness.mjs';
import { installPeers } from './peers.mjs';

const subjects = ['age', 'ring', 'frost', 'generation', 'stealth', 'capsule', 'log'];

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      size: { type: 'string' },
      dir: { type: 'string' },
    },
  });
  if (values.only !== undefined && !subjects.includes(values.only))
    throw new Error(`--only takes one of ${subjects.join(', ')}`);
  const pinned = onOneCore();
  await installPeers();
  const { quick } = values;
  const sizeMiB = Number(values.size ?? (quick ? 16 : 1024));
  const options = { rounds: quick ? 7 : 25, roundMs: quick ? 5 : 50, sizeMiB, dir: values.dir };

  const rows = [];
  const checks = [];
  for (const subject of values.only === undefined ? subjects : [values.only]) {
    const measured = await (await import(`./crypto/${subject}.mjs`)).measure(options);
    rows.push(...measured.rows);
    checks.push(...(measured.checks ?? []));
  }
  const notes = [
    pinned ? 'Pinned to one core, ours and the peers.' : 'Not pinned to one core: there is no taskset here.',
    `Median of ${options.rounds} interleaved rounds of about ${options.roundMs} ms (age: one file of ${sizeMiB} MiB each).`,
    ...(quick ? ['A quick run: it shows that everything runs, and its figures mean little.'] : []),
    ...checks,
  ];
  if (values.only === undefined) keep('crypto', rows, notes);
  else console.log([...notes, 'Only a part was measured: nothing is written.'].join('\n'));
  if (values.only !== undefined) process.exit(0);
}
