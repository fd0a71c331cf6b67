import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as age from '@cpds/crypto/age';
import { readKeyFile } from '@cpds/service';
import { ageKeysWords, forgetAgeIdentity, newAgeIdentity } from './key-file.commands.js';

describe('the age identities of a key file', () => {
  const first = age.encodeIdentity(new Uint8Array(32).fill(1));
  const keys = { kek: '11'.repeat(32), gas: '22'.repeat(32), age: first };
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cpds-key-file-'));
    path = join(folder, 'records.keys.json');
    writeFileSync(path, JSON.stringify(keys), { mode: 0o600 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are added in front and taken out by their recipients, and everything else stays', () => {
    const once = newAgeIdentity(path);
    const twice = newAgeIdentity(path);
    expect(once.former).toEqual([age.recipientOf(first)]);
    expect(twice.former).toEqual([once.current, age.recipientOf(first)]);
    const held = readKeyFile(path);
    expect(held).toMatchObject({ kek: keys.kek, gas: keys.gas });
    expect(held.formerAges).toContain(first);
    expect(age.recipientOf(held.age as age.Identity)).toBe(twice.current);
    expect(forgetAgeIdentity(path, age.recipientOf(first))).toEqual({ current: twice.current, former: [once.current] });
    expect(readKeyFile(path).formerAges).not.toContain(first);
    expect([statSync(path).mode & 0o777, readdirSync(folder)]).toEqual([0o600, ['records.keys.json']]);
    expect(ageKeysWords(twice)).not.toContain('SECRET');
  });

  it('stay as they are when the file, or the recipient, is another', () => {
    const before = readFileSync(path, 'utf8');
    expect(() => forgetAgeIdentity(path, age.recipientOf(first))).toThrow(
      expect.objectContaining({ code: 'unknown-identity', kind: 'missing' }),
    );
    chmodSync(path, 0o644);
    for (const change of [() => newAgeIdentity(path), () => forgetAgeIdentity(path, age.recipientOf(first))])
      expect(change).toThrow(expect.objectContaining({ code: 'bad-key-file' }));
    expect(readFileSync(path, 'utf8')).toBe(before);
    writeFileSync(path, '{"gas":"22"}');
    chmodSync(path, 0o600);
    expect(() => newAgeIdentity(path)).toThrow(expect.objectContaining({ code: 'invalid-input', field: 'age' }));
  });
});
