// Appending to a Merkle log in memory, proving and checking inclusion, against golang.org/x/mod/sumdb/tlog.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { utf8 } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { measured, row, timed } from '../harness.mjs';
import { goProgram } from '../peers.mjs';

const size = 50_000;
const folder = fileURLToPath(new URL('tlog', import.meta.url));
const version = /golang.org\/x\/mod (v\S+)/.exec(readFileSync(`${folder}/go.mod`, 'utf8'))[1];
const counts = { append: 20_000, prove: 5_000, check: 5_000 };

export async function measure(options) {
  const program = await goProgram(folder, 'tlog');
  const peer = program === null ? null : goPeer(program);
  const steps = ours();
  const rows = [];
  for (const step of Object.keys(counts)) {
    const times = await measured(options, {
      ours: steps[step],
      ...(peer === null ? {} : { peer: { round: () => peer.ask(`${step} ${counts[step]}`) } }),
    });
    rows.push(
      row({
        name: `log of ${size} leaves: ${step}${step === 'append' ? '' : ' inclusion'}`,
        unit: 'ops/s',
        ...times,
        inUnit: (ms) => 1000 / ms,
        peerName: peer === null ? null : `golang.org/x/mod ${version} sumdb/tlog (Go)`,
        note: peer === null ? 'No Go here, so no peer.' : 'Go, compiled; the same tree, its hashes in memory.',
      }),
    );
  }
  peer?.end();
  return { rows };
}

function grow(leaves) {
  const levels = [];
  let frontier = tlog.EMPTY_FRONTIER;
  for (let i = 0; i < leaves; i++) {
    const appended = tlog.appendLeaf(frontier, tlog.leafHash(utf8(`entry ${i}`)));
    frontier = appended.frontier;
    for (const { level, hash } of appended.completed) (levels[level] ??= []).push(hash);
  }
  return { root: tlog.frontierRoot(frontier), read: ({ level, index }) => levels[level][index] };
}

function ours() {
  const { root, read } = grow(size);
  const at = Math.floor(size / 3);
  const leaf = tlog.leafHash(utf8(`entry ${at}`));
  const proof = tlog.proofOf(tlog.inclusionRanges(at, size), read);
  let asked = 0;
  const many = (count, { warmUp, round }) => ({ warmUp, round: (options) => round(options) / count });
  return {
    append: many(
      1000,
      timed(() => grow(1000)),
    ),
    prove: timed(() => tlog.proofOf(tlog.inclusionRanges((asked++ * 7919) % size, size), read)),
    check: timed(() => {
      if (!tlog.verifyInclusion(leaf, at, size, proof, root)) throw new Error('a good proof was refused');
    }),
  };
}

/** The Go program; `ask` returns the milliseconds of one operation. */
function goPeer(program) {
  const child = spawn(program, [String(size)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error('the Go program ended');
      return Number(value) / 1e6;
    },
    end: () => child.stdin.end(),
  };
}
