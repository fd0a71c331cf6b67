/**
 * Runs the Solidity tests with forge, without a network: `npm test --workspace libs/contracts`. Arguments go to forge.
 * Gas snapshots must not drift; `npm run snapshots` writes new ones. Ends with "contracts: N passed, M failed".
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from './compile.mjs';

const settings = JSON.parse(readFileSync(join(root, 'solc-settings.json'), 'utf8'));
const toml = readFileSync(join(root, 'foundry.toml'), 'utf8');
const expected = [
  `evm_version = "${settings.evmVersion}"`,
  `optimizer = ${settings.optimizer.enabled}`,
  `optimizer_runs = ${settings.optimizer.runs}`,
  `via_ir = ${settings.viaIR}`,
  `bytecode_hash = "${settings.metadata.bytecodeHash}"`,
  `cbor_metadata = ${settings.metadata.appendCBOR}`,
];
for (const line of expected)
  if (!toml.split('\n').includes(line)) throw new Error(`foundry.toml must say ${line}, as solc-settings.json does`);

const fresh = spawnSync(process.execPath, [join(root, 'scripts/generate.mjs'), '--check'], { stdio: 'inherit' });

const forge = join(dirname(createRequire(import.meta.url).resolve('@foundry-rs/forge/package.json')), 'bin.mjs');
const writing = process.argv.includes('--write-snapshots');
const rest = process.argv.slice(2).filter((argument) => argument !== '--write-snapshots');
const run = spawnSync(
  process.execPath,
  [forge, 'test', '--use', join(root, 'scripts/solc.mjs'), `--gas-snapshot-check=${!writing}`, ...rest],
  {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, FOUNDRY_DISABLE_NIGHTLY_WARNING: '1', NO_COLOR: '1' },
  },
);
process.stdout.write(run.stdout);
if (run.error) throw run.error;

const total = /Ran \d+ test suites?.*?: (\d+) tests passed, (\d+) failed/.exec(run.stdout);
const [passed, failed] = total ? [Number(total[1]), Number(total[2])] : [0, 1];
console.log(`contracts: ${passed} passed, ${failed} failed`);
if (run.status !== 0 || failed > 0 || passed === 0 || fresh.status !== 0) process.exitCode = 1;
