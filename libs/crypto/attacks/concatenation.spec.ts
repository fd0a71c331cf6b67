/**
 * Parts of a hash that run into each other: two statements with one digest. Amazon's request signatures of version 1 were
 * forged so (Percival, December 2008). Here each hash begins with its own tag, and all that follows has a fixed length or
 * a length before it.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ascii, toHex } from '../src/bytes.js';
import { G } from '../src/curve.js';
import { type DleqUse, proveDleq, verifyDleq } from '../src/dleq.js';
import { keccak256 } from '../src/hash.js';
import { gBar, ringHash, tagBase, tagDomain } from '../src/ring.js';

const source = fileURLToPath(new URL('../src', import.meta.url));

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path);
    return path.endsWith('.ts') && !path.endsWith('.spec.ts') ? [path] : [];
  });
}

describe('two statements with one digest', () => {
  it('come about where parts of free length are joined', () => {
    const joined = (...parts: string[]) => toHex(keccak256(ascii(parts.join(''))));
    expect(joined('grant', '12', '3')).toBe(joined('grant', '1', '23'));
  });

  it('do not meet through their tags: none is the beginning of another, but for one pair', () => {
    const tags = new Set(
      files(source).flatMap((path) => readFileSync(path, 'utf8').match(/(?<=['`])cpds\/v1\/[a-z0-9/-]+/g) ?? []),
    );
    expect(tags.size).toBeGreaterThan(16);
    // Hashes of the contracts that this package does not make. A key's id is a keccak256 and the commitment to a file
    // key an HKDF: no function takes both.
    for (const other of ['key', 'attempt', 'vouch']) tags.add(`cpds/v1/${other}`);
    const clashes = [...tags].flatMap((one) =>
      [...tags].filter((other) => other !== one && other.startsWith(one)).map((other) => `${one} ${other}`),
    );
    expect(clashes).toEqual(['cpds/v1/key cpds/v1/key-commit']);
  });

  it('do not meet through the uses of a proof', () => {
    const uses: DleqUse[] = ['own', 'seal', 'open', 'part'];
    for (const one of uses) for (const other of uses) expect(one !== other && other.startsWith(one)).toBe(false);
    const statement = { A: G, X: G.multiply(5n), B: gBar(), Z: gBar().multiply(5n), message: new Uint8Array(32) };
    const random = (length: number) => new Uint8Array(length).fill(1);
    for (const use of uses) {
      const proof = proveDleq({ ...statement, use }, 5n, random);
      for (const other of uses) expect(verifyDleq({ ...statement, use: other }, proof)).toBe(other === use);
    }
    expect(() => verifyDleq({ ...statement, use: 'own', message: new Uint8Array(31) }, { c: 1n, s: 1n })).toThrow(
      'message: must be 32 bytes',
    );
  });

  it('do not meet by moving a border: slots and keys have fixed lengths', () => {
    const domain = tagDomain(new Uint8Array(32), new Uint8Array(20));
    expect(() => tagDomain(new Uint8Array(33), new Uint8Array(19))).toThrow('chainUid: must be 32 bytes');
    expect(() => tagBase(domain.subarray(1), 1n, 0)).toThrow('tagDomain: must be 32 bytes');
    expect(toHex(ringHash(1, [2n, 3n]))).not.toBe(
      toHex(
        ringHash(
          1,
          [(2n << 256n) + 3n].map((x) => x % (1n << 256n)),
        ),
      ),
    );
    expect(() => ringHash(1, [1n << 256n])).toThrow('xs[0]: must lie in [1, n-1]');
  });
});
