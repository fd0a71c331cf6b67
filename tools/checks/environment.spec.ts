import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { key, readConfig, secretKey, type ConfigKey, type ConfigShape } from '@cpds/service';
import { z } from 'zod';
import { configs } from '../docs/tables.js';

/** Whatever a service reads from its environment and must keep to itself is a `secretKey`, and gone from there once read. */

/** Words of a name that say: what it holds is a secret. A path (`_FILE`, `_DIR`) is none, and neither is what the public may know. */
const secretWords = /(^|_)(KEY|SECRET|PASSWORD|PASSPHRASE|SEED|NKEY|KEK|CREDENTIALS?|PRIVATE)(_|$)/;
const isPath = (name: string): boolean => /_(FILES?|DIR)$|^KEY_FILE$/.test(name);
/** What a url with a password in it looks like, in each form that a schema may want. Addresses for everybody hold none. */
const urls = ['postgres://user:planted@host/db', '{"hub":["https://user:planted@host"]}'];
const takesPassword = ({ schema }: ConfigKey<unknown>): boolean =>
  !schema.safeParse('no url').success && urls.some((url) => schema.safeParse(url).success);
/** Urls that hold no credentials: those of issuers are public, and those of the object store are keys of their own. */
const publicUrls: readonly string[] = ['IDENTITY_URL', 'TOKEN_ISSUERS', 'REVOCATION_URLS', 'S3_ENDPOINT'];

/** The keys of a configuration that hold a secret and are not said to. */
function unmarkedIn(shape: ConfigShape): string[] {
  return Object.entries(shape)
    .filter(([name, { isSecret }]) => !isSecret && !isPath(name) && !publicUrls.includes(name))
    .filter(([name, one]) => secretWords.test(name) || takesPassword(one))
    .map(([name]) => name);
}

describe('the environment of a service', () => {
  const all = Object.entries(configs);

  it.each(all)('of %s marks each of its secrets', (_, shape) => {
    expect(unmarkedIn(shape)).toEqual([]);
    expect(Object.values(shape).filter(({ isSecret }) => isSecret).length).toBeGreaterThan(3);
  });

  it.each(all)('of %s has none of them left once it was read, whether or not it was right', (_, shape) => {
    const env: NodeJS.ProcessEnv = Object.fromEntries(Object.keys(shape).map((name) => [name, `planted ${name}`]));
    expect(() => readConfig(shape, env)).toThrow(expect.objectContaining({ code: 'bad-config' }));
    const secrets = Object.keys(shape).filter((name) => shape[name]?.isSecret);
    expect(Object.keys(env).sort()).toEqual(
      Object.keys(shape)
        .filter((name) => !secrets.includes(name))
        .sort(),
    );
    expect(JSON.stringify(env)).not.toMatch(new RegExp(`planted (${secrets.join('|')})"`));
  });

  it.each(all)('of %s takes each of its secrets from a file', (_, shape) => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
    writeFileSync(join(folder, 'exposed'), 'planted', { mode: 0o644 });
    const secrets = Object.keys(shape).filter((name) => shape[name]?.isSecret);
    // Those of the key-encryption key are opened later, some by a passphrase.
    for (const fileKey of secrets.map((name) => `${name}_FILE`).filter((name) => !(name in shape)))
      expect(() => readConfig(shape, { [fileKey]: join(folder, 'exposed') })).toThrow(
        expect.objectContaining({ code: 'bad-key-file', field: fileKey }),
      );
    rmSync(folder, { recursive: true });
  });

  it('would be noticed with a secret that is not marked', () => {
    const shape = {
      S3_SECRET_KEY: key(z.string(), 'secret', 'none'),
      OTHER_DATABASE: key(z.string().startsWith('postgres'), 'url', 'none'),
      DATABASE_URL: secretKey(z.string().startsWith('postgres'), 'url', 'none'),
      S3_BUCKET: key(z.string(), 'bucket', 'none'),
    };
    expect(unmarkedIn(shape)).toEqual(['S3_SECRET_KEY', 'OTHER_DATABASE']);
  });
});
