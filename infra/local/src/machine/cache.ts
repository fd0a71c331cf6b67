import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder where fetched servers are kept: one per user, outside the repository, shared by `npm start`, the tests and every clone.
 * `$XDG_CACHE_HOME/cpds`, else `~/.cache/cpds`. Created when missing.
 */
export async function cacheDir(): Promise<string> {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const dir = join(base, 'cpds');
  await mkdir(dir, { recursive: true });
  return dir;
}
