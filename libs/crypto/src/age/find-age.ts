/** Where the public `age` program is, for tests that compare with it. Not exported from the package. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * Path of `age`: `AGE_BIN`, then PATH, then the user's tool cache, then Go's own folder of programs. `null` only on a
 * machine without Go; where Go is present a missing `age` is an error, for there it can be had.
 */
export function findAge(): string | null {
  const named = process.env.AGE_BIN;
  if (named) return named;
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    join(process.env.CPDS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cpds'), 'bin'),
    join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin'),
  ];
  const found = folders.map((folder) => join(folder, 'age')).find((path) => existsSync(path));
  if (found) return found;
  if (!hasGo()) return null;
  throw new Error('age is not installed: go install filippo.io/age/cmd/age@v1.3.2, or name it in AGE_BIN');
}

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    // No Go on this machine: nothing to get `age` with.
    return false;
  }
}
