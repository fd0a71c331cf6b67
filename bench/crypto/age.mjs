// A large file through age encryption and decryption, end to end: two programs, each its own process, from file to file.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { mkdtemp, open, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import * as ageFile from '@cpds/crypto/age';
import { streamingMemory, testAge } from '@cpds/local';
import { measured, row } from '../harness.mjs';
import { bundled } from '../peers.mjs';

/** Only the thread that seals, since there is one core. */
const nodeOptions = ['--single-threaded'];
const peakLimitMiB = 96;

export async function measure({ sizeMiB, dir, ...options }) {
  const age = await testAge();
  const bytes = sizeMiB * 2 ** 20;
  const folder = await mkdtemp(join(dir ?? (await roomiest(3 * bytes)), 'cpds-bench-'));
  const at = (name) => join(folder, name);
  try {
    const program = await bundled(fileURLToPath(new URL('age-file.mjs', import.meta.url)), 'age-file');
    const identity = ageFile.encodeIdentity(randomBytes(32));
    await writeFile(at('identity'), `${identity}\n`, { mode: 0o600 });
    await writeRandom(at('plain'), sizeMiB);

    const node = [process.execPath, ...nodeOptions, program];
    const recipient = ageFile.recipientOf(identity);
    const commands = {
      encrypt: {
        ours: [...node, 'encrypt', recipient, at('plain'), at('file.age')],
        peer: [age, '-r', recipient, '-o', at('file.age'), at('plain')],
      },
      decrypt: {
        ours: [...node, 'decrypt', at('identity'), at('file.age'), at('opened')],
        peer: [age, '-d', '-i', at('identity'), '-o', at('opened'), at('file.age')],
      },
    };
    const peerName = `age ${spawnSync(age, ['--version'], { encoding: 'utf8' }).stdout.trim()}`;
    const note = `One file of ${sizeMiB} MiB, from starting the process to its end. Ours runs as \`node ${nodeOptions.join(' ')}\`, with the GLIBC_TUNABLES of a records service.`;
    const rows = [];
    const checks = [];
    for (const [direction, { ours, peer }] of Object.entries(commands)) {
      const peaks = { ours: await peakMiB(ours), peer: await peakMiB(peer) };
      if (direction === 'decrypt') await mustBeEqual(at('plain'), at('opened'));
      const times = await measured(options, { ours: processOf(ours), peer: processOf(peer) });
      const throughput = row({
        name: `age: ${direction} a file`,
        unit: 'MB/s',
        ...times,
        inUnit: (ms) => bytes / 1e6 / (ms / 1000),
        peerName,
        note,
      });
      rows.push(
        throughput,
        row({
          name: `age: peak memory, ${direction}`,
          unit: 'MiB',
          ours: peaks.ours && [peaks.ours],
          peer: peaks.peer && [peaks.peer],
          peerName,
          note: 'Largest resident set of the process. Node takes about 42 MiB of ours for itself.',
        }),
      );
      checks.push(
        `age ${direction} at 0.8 of the age program's throughput: ${throughput.ratio >= 0.8 ? 'holds' : `does not hold (${throughput.ratio})`}.`,
        `age ${direction} in under ${peakLimitMiB} MiB: ${peaks.ours === null ? 'not measured, for want of /proc' : peaks.ours < peakLimitMiB ? 'holds' : 'does not hold'}.`,
      );
    }
    return { rows, checks };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Memory rather than disk: a disk's speed varies and is not compared here. */
async function roomiest(bytes) {
  const memory = await statfs('/dev/shm').catch((cause) => {
    if (cause.code === 'ENOENT') return null;
    throw cause;
  });
  return memory !== null && memory.bavail * memory.bsize > 2 * bytes ? '/dev/shm' : tmpdir();
}

async function writeRandom(path, sizeMiB) {
  const file = await open(path, 'w');
  const piece = Buffer.alloc(2 ** 20);
  for (let i = 0; i < sizeMiB; i++) await file.write(randomFillSync(piece));
  await file.close();
}

/** A contender that is a process: milliseconds from its start to its end. */
function processOf(command) {
  return {
    async round() {
      const start = performance.now();
      await ended(started(command));
      return performance.now() - start;
    },
  };
}

function started([file, ...args]) {
  return spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...streamingMemory } });
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${child.spawnfile} ended with ${code}`))));
  });
}

/**
 * The process's own high-water mark, read while it runs, in a run that is not timed. Not its resource usage: that
 * includes the process before it became this program, a copy of this one. Null without /proc.
 */
async function peakMiB(command) {
  const child = started(command);
  let kibibytes = null;
  const reading = setInterval(() => {
    try {
      const mark = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      if (mark !== null) kibibytes = Number(mark[1]);
    } catch (cause) {
      if (!['ENOENT', 'ESRCH'].includes(cause.code)) throw cause;
    }
  }, 2);
  try {
    await ended(child);
  } finally {
    clearInterval(reading);
  }
  return kibibytes === null ? null : kibibytes / 1024;
}

async function mustBeEqual(a, b) {
  const digest = async (path) => {
    const hash = createHash('sha256');
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(piece);
    return hash.digest('hex');
  };
  if ((await digest(a)) !== (await digest(b))) throw new Error(`${b} differs from ${a}`);
}
