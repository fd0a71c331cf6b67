/**
 * Runs the Solidity tests with forge, without a network: `npm test --workspace libs/contracts`. Arguments go to forge.
 * Gas snapshots must not drift; `npm run snapshots` writes new ones. Ends with "contracts: N passed, M failed".
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
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
// Forge's own check writes the new figures over the old ones as soon as more than one suite runs, and its npm wrapper
// always exits with 0. So the figures go to a folder of their own and are compared here.
const measured = mkdtempSync(join(tmpdir(), 'cpds-gas-'));
const acceptedFile = join(root, 'test/snapshots/gas.json');
const acceptedBefore = readFileSync(acceptedFile, 'utf8');
const run = spawnSync(process.execPath, [forge, 'test', '--use', join(root, 'scripts/solc.mjs'), ...rest], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, FOUNDRY_SNAPSHOTS: measured, FOUNDRY_DISABLE_NIGHTLY_WARNING: '1', NO_COLOR: '1' },
});
process.stdout.write(run.stdout);
if (run.error) throw run.error;

const isRewritten = !writing && readFileSync(acceptedFile, 'utf8') !== acceptedBefore;
if (isRewritten) console.error('contracts: the run wrote test/snapshots/gas.json, which only npm run snapshots may');
const drift = gasDrift();
rmSync(measured, { recursive: true });
for (const line of drift) console.error(`contracts: gas of ${line}; npm run snapshots accepts it`);

const total = /Ran \d+ test suites?.*?: (\d+) tests passed, (\d+) failed/.exec(run.stdout);
const [passed, failed] = total ? [Number(total[1]), Number(total[2])] : [0, 1];
console.log(`contracts: ${passed} passed, ${failed} failed`);
if (run.status !== 0 || failed > 0 || drift.length > 0 || isRewritten || passed === 0 || fresh.status !== 0)
  process.exitCode = 1;

/** Describes figures that differ from the accepted ones. Names that no test measures any more count only if all tests ran. */
function gasDrift() {
  const measuredFile = join(measured, 'gas.json');
  if (!existsSync(measuredFile)) return [];
  if (writing) copyFileSync(measuredFile, acceptedFile);
  const [accepted, found] = [acceptedFile, measuredFile].map((file) => JSON.parse(readFileSync(file, 'utf8')));
  const names = rest.length > 0 ? Object.keys(found) : new Set([...Object.keys(accepted), ...Object.keys(found)]);
  return [...names]
    .filter((name) => accepted[name] !== found[name])
    .map((name) => `${name} was ${accepted[name] ?? 'not measured'}, is ${found[name] ?? 'not measured'}`);
}
