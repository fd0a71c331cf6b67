#!/usr/bin/env node
/** A solc command line for forge around the npm compiler: answers --version and --standard-json. Works without a network. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const solc = createRequire(import.meta.url)('solc');

if (process.argv.includes('--version')) {
  const [version] = solc.version().split('+');
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${version}+commit.00000000.Emscripten.clang\n`,
  );
} else if (process.argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
} else {
  process.stderr.write(`solc.mjs: only --version and --standard-json, got ${process.argv.slice(2).join(' ')}\n`);
  process.exitCode = 1;
}
