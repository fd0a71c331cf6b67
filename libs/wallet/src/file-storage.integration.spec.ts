/** A wallet's file when its writer is killed at any line, and who may read it. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { FileStorage } from './file-storage.js';

const dir = mkdtempSync(join(tmpdir(), 'cpds-wallet-file-'));
afterAll(() => rmSync(dir, { recursive: true }));
const earlier = 'earlier '.repeat(10_000);
const later = 'later '.repeat(20_000);

/**
 * Runs a process that writes `later` and kills itself at its `at`th call that changes the file system: before the call,
 * or in the middle of a write.
 */
async function writerKilledAt(): Promise<(path: string, at: number, when: 'before' | 'amid') => string | null> {
  const entry = fileURLToPath(new URL('file-storage.ts', import.meta.url));
  const options = { bundle: true, write: false, platform: 'node', format: 'esm', logLevel: 'error' } as const;
  const { outputFiles } = await build({ entryPoints: [entry], ...options });
  const program = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const [path, at, when, text] = JSON.parse(fs.readFileSync(0, 'utf8'));
    let calls = 0;
    for (const name of ['mkdir', 'writeFile', 'appendFile', 'chmod', 'rename', 'rm', 'unlink', 'copyFile', 'open', 'truncate']) {
      const real = fs.promises[name];
      fs.promises[name] = async (...given) => {
        if (++calls === at) {
          if (when === 'amid' && name === 'writeFile') await real(given[0], given[1].slice(0, given[1].length / 2), given[2]);
          process.kill(process.pid, 'SIGKILL');
        }
        return real(...given);
      };
    }
    syncBuiltinESMExports();
    ${outputFiles[0]!.text}
    await new FileStorage(path).write(text);
  `;
  return (path, at, when) => {
    const input = JSON.stringify([path, at, when, later]);
    const { signal, status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      input,
      encoding: 'utf8',
    });
    if (signal === null && status !== 0) throw new Error(stderr);
    return signal;
  };
}

describe('a wallet’s file', () => {
  it('holds the earlier text or the later one, whole, wherever its writer is killed', async () => {
    const writeKilledAt = await writerKilledAt();
    const path = join(dir, 'killed', 'wallet.json');
    const storage = new FileStorage(path);
    const found: string[] = [];
    for (const when of ['before', 'amid'] as const)
      for (let at = 1; ; at++) {
        await storage.write(earlier);
        const signal = writeKilledAt(path, at, when);
        found.push((await storage.read())!);
        // Files left by the killed write must not stop a later one.
        await storage.write('after');
        expect(await storage.read()).toBe('after');
        if (signal === null) break;
      }
    expect(found.filter((text) => text !== earlier && text !== later)).toEqual([]);
    // The last write of `before` and of `amid` ran to its end.
    expect(found.filter((text) => text === later).length).toBeGreaterThanOrEqual(2);
    expect(found.length).toBeGreaterThan(4);
  });

  it('is read by its owner only, whatever the mode of what a killed write left', async () => {
    const path = join(dir, 'modes', 'wallet.json');
    const storage = new FileStorage(path);
    await storage.write('one');
    expect(statSync(join(dir, 'modes')).mode & 0o777).toBe(0o700);
    writeFileSync(`${path}.new`, '', { mode: 0o644 });
    await storage.write('two');
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
