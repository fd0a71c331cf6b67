/** Compiles every contract with the settings of solc-settings.json; used by the generator and, through the wrapper, by forge. */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const solc = createRequire(import.meta.url)('solc');

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Solidity files under contracts/, by path relative to the package, sorted. */
export function sources() {
  const found = readdirSync(join(root, 'contracts'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sol'))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'));
  return found.sort();
}

/** Standard JSON output of all sources. Throws the compiler's message on an error or a warning. */
export function compile() {
  const settings = JSON.parse(readFileSync(join(root, 'solc-settings.json'), 'utf8'));
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(sources().map((path) => [path, { content: readFileSync(join(root, path), 'utf8') }])),
    settings: { ...settings, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'], '': ['ast'] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const complaints = (output.errors ?? []).filter((error) => error.severity !== 'info');
  if (complaints.length > 0) throw new Error(complaints.map((error) => error.formattedMessage).join('\n'));
  return output;
}
