import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('..', import.meta.url));

/** Files of this app that a module needs to run, by its imports; types leave nothing behind and are not followed. */
function reachedFrom(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(source, file), 'utf8');
  for (const [, names, from] of text.matchAll(/^import\s+(?!type\s)([^;]*?)\s+from\s+'(\.[^']+)\.js';/gms)) {
    const isOnlyTypes =
      /^\{[^}]*\}$/s.test(names!) &&
      names!
        .slice(1, -1)
        .split(',')
        .every((name) => /^\s*(type\s|$)/.test(name));
    const next = relative(source, join(source, dirname(file), `${from}.ts`));
    if (!isOnlyTypes && existsSync(join(source, next))) reachedFrom(next, seen);
  }
  return seen;
}

const matching = (files: Set<string>, pattern: RegExp) => [...files].filter((file) => pattern.test(file));

describe('the modules of the roles', () => {
  const storeman = reachedFrom('roles/storeman.module.ts');
  const hospital = reachedFrom('roles/hospital.module.ts');

  it('are followed at all', () => {
    expect(storeman).toContain('signing/signer.service.ts');
    expect(hospital).toContain('signing/signing-coordinator.service.ts');
  });

  it('the storeman holds no door of a hospital', () => {
    expect(
      matching(
        storeman,
        /controller|^requests\/|\/(grants|opening|serving|release-collector|signing-coordinator)\.service/,
      ),
    ).toEqual([]);
  });

  it('the hospital holds no share and no nonce', () => {
    expect(matching(hospital, /key-share|ceremon|signer\.service|release\.service|storeman-act/)).toEqual([]);
  });
});
