// `npm run bench -- images [n]`: how large the images are, and how long each service takes to be ready in the root file system of its image, beside servers
// that run already (default 10 starts each, in turn). Needs buildah or podman, whose images it keeps apart, and bubblewrap.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BareRoots } from '@cpds/cli';
import { keep, row } from './harness.mjs';

/** One process of each image; audit first, since it makes the stream that the others read. */
const names = ['audit.north', 'identity.north', 'records.north', 'bridge.north'];

export async function run([times = '10']) {
  const sizes = builtImages();
  const roots = await BareRoots.open(mkdtempSync(join(tmpdir(), 'cpds-bench-')), console.error);
  const starts = Object.fromEntries(names.map((name) => [name, []]));
  try {
    // The first start of each makes its tables, which a later one finds.
    for (let at = -1; at < Number(times); at++) {
      for (const name of names) {
        const { readyMs, url, stop } = await roots.start(name);
        const processorMs = await processorMsOf(url);
        await stop();
        if (at >= 0) starts[name].push({ readyMs, processorMs });
      }
    }
  } finally {
    await roots.close();
  }
  const rows = names.flatMap((name) => {
    const image = name.split('.')[0];
    const of = (pick) => starts[name].map(pick);
    return [
      row({ name: `${image}: unpacked`, unit: 'MB', ours: [sizes[image].unpacked] }),
      row({ name: `${image}: as sent`, unit: 'MB', ours: [sizes[image].sent] }),
      row({ name: `${image}: start to ready`, unit: 'ms', ours: of((one) => one.readyMs) }),
      row({ name: `${image}: processor time of a start`, unit: 'ms', ours: of((one) => one.processorMs) }),
    ];
  });
  keep('images', rows, [
    `Starts: medians of ${times}, by the clock until \`/readyz\` says yes, in a database that has its tables; the aim is 5 s.`,
    `At their end ${loadavg()[0].toFixed(0)} processes wanted the processors; processor time tells what the start itself needs.`,
    'Sizes: images on a base of this machine’s node; the aim is 200 MB unpacked. 127 MB of each are node, a layer that they share.',
  ]);
}

/** MB of each image, unpacked and as a registry sends it. */
function builtImages() {
  const dir = mkdtempSync(join(tmpdir(), 'cpds-bench-'));
  try {
    const build = fileURLToPath(new URL('../infra/images/build.mjs', import.meta.url));
    const places = ['--output', dir, '--store', join(dir, 'store')];
    const { status, stdout } = spawnSync(process.execPath, [build, '--base', 'local', '--json', ...places], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error(`the images were not built: ${status}`);
    return Object.fromEntries(
      JSON.parse(stdout).images.map(({ name, sizeBytes, archive }) => [
        name,
        { unpacked: sizeBytes / 1e6, sent: statSync(archive).size / 1e6 },
      ]),
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Processor time that a process has used, by its own figure. */
async function processorMsOf(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return 1000 * Number(/^process_cpu_seconds_total(?:\{.*\})? (\S+)/m.exec(text)[1]);
}
