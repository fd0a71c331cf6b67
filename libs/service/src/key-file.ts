import { invalid, parseJson, toAppError } from '@cpds/errors';
import { z } from 'zod';
import { readSecretFile } from './secret-file.js';

const Hex32 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
const AgeIdentity = z.string().regex(/^AGE-SECRET-KEY-1[0-9A-Z]+$/, 'must be an age identity');

/** Secrets of one process, each for one use. All are hex without prefix. */
export const KeyFile = z
  .object({
    /** key-encryption key: seals everything secret that this process stores. It stands here, or in KEK, or in KEK_FILE */
    kek: Hex32.optional(),
    /** earlier key-encryption keys, newest first: values that they sealed are sealed anew at the start */
    formerKeks: z.array(Hex32).optional(),
    /** secp256k1: pays for transactions, the same account on each chain */
    gas: Hex32.optional(),
    /** secp256k1: signs datagrams, answers, partials */
    message: Hex32.optional(),
    /** P-256: opens bodies that are sealed to this party */
    hpke: Hex32.optional(),
    /** age identity of the records service: all that it keeps is sealed for it */
    age: AgeIdentity.optional(),
    /** earlier age identities, newest first: each opens what is not sealed for `age` yet, until it is taken out here */
    formerAges: z.array(AgeIdentity).optional(),
    /** Ed25519 seed: signs log checkpoints */
    log: Hex32.optional(),
    /** earlier log keys, newest first: each signs checkpoints beside `log` until it is taken out here */
    formerLogs: z.array(Hex32).optional(),
    /** seed of the P-384 key that signs access tokens (identity) */
    token: Hex32.optional(),
  })
  .strict();
export type KeyFile = z.infer<typeof KeyFile>;

/** Reads a key file and refuses one that others can read. @throws AppError `bad-key-file`, which never quotes the file's bytes */
export function readKeyFile(path: string): KeyFile {
  const text = new TextDecoder().decode(readSecretFile(path, 'KEY_FILE'));
  try {
    return parseJson(KeyFile, text, 'key file');
  } catch (cause) {
    throw invalid('bad-key-file', 'KEY_FILE', `the key file is wrong at ${toAppError(cause).field ?? 'JSON'}`);
  }
}

/** One secret of the file as bytes. @throws AppError `key-missing` names it */
export function secret(
  keys: KeyFile,
  name: Exclude<keyof KeyFile, 'age' | 'formerAges' | 'kek' | 'formerKeks' | 'formerLogs'>,
): Uint8Array {
  const text = keys[name];
  if (text === undefined) throw invalid('key-missing', name, `the key file has no ${name} key`);
  return bytesOf(text);
}

/** The former log keys of the file as bytes, newest first. */
export function formerLogs(keys: KeyFile): Uint8Array[] {
  return (keys.formerLogs ?? []).map(bytesOf);
}

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
