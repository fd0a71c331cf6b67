import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import * as age from '@cpds/crypto/age';
import { invalid, jsonObject, missing, parseJson } from '@cpds/errors';
import { z } from 'zod';

/** The age identities of a key file by their recipients, `age1…`; a secret is never shown. */
export interface AgeKeys {
  readonly current: string;
  readonly former: readonly string[];
}

const Identities = z.object({ age: z.string(), formerAges: z.array(z.string()).default([]) });

/**
 * Gives the key file of a records process a new age identity; the one that it had becomes a former one. The file changes
 * whole or not at all. What is kept moves when the process starts with it.
 *
 * @throws AppError `bad-key-file`: others can read it; `invalid-input`: it holds no age identity
 */
export function newAgeIdentity(path: string): AgeKeys {
  const { keys, identities } = read(path);
  const formerAges = [identities.age, ...identities.formerAges];
  return write(path, keys, { age: age.encodeIdentity(new Uint8Array(randomBytes(32))), formerAges });
}

/**
 * Takes a former identity out of the key file. Whatever is still sealed for it can never be opened again without a copy, so
 * the process refuses to start then.
 *
 * @throws AppError `bad-key-file`, `invalid-input`, `unknown-identity`
 */
export function forgetAgeIdentity(path: string, recipient: string): AgeKeys {
  const { keys, identities } = read(path);
  const formerAges = identities.formerAges.filter((identity) => age.recipientOf(identity) !== recipient);
  if (formerAges.length === identities.formerAges.length)
    throw missing('unknown-identity', 'the key file has no such former identity', { field: 'recipient' });
  return write(path, keys, { age: identities.age, formerAges });
}

/** The identities that are in a key file now, in words. */
export function ageKeysWords({ current, former }: AgeKeys): string {
  return [`current ${current}`, ...former.map((recipient) => `former  ${recipient}`)].join('\n');
}

function read(path: string): { keys: Record<string, unknown>; identities: z.infer<typeof Identities> } {
  if ((statSync(path).mode & 0o077) !== 0)
    throw invalid('bad-key-file', 'key file', `others can read ${path}: chmod 600`);
  const text = readFileSync(path, 'utf8');
  return { keys: parseJson(jsonObject, text, 'key file'), identities: parseJson(Identities, text, 'key file') };
}

function write(path: string, keys: Record<string, unknown>, identities: z.infer<typeof Identities>): AgeKeys {
  const shown = { current: age.recipientOf(identities.age), former: identities.formerAges.map(age.recipientOf) };
  // A reader or a crash meets the old file or the new one.
  writeFileSync(`${path}.new`, JSON.stringify({ ...keys, ...identities }, null, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return shown;
}
