import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createUser, fromSeed } from '@nats-io/nkeys';
import { generateX25519Identity } from 'age-encryption';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Participant } from './parties.js';

/** Secrets of one process, in the shape that libs/service reads from KEY_FILE. All hex without 0x, except the age identity. */
export interface KeyFile {
  readonly kek: string;
  readonly gas: string;
  readonly message?: string;
  readonly hpke?: string;
  readonly age?: string;
  readonly log?: string;
  readonly token?: string;
}

/**
 * The secrets of a local consortium: one file each, mode 0600, made on first use and kept for the next start. Whoever
 * may read the folder can act as every party, so this is only for one machine and for trying out.
 */
export class Secrets {
  constructor(readonly dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  /** The key file of a process: its path and what is in it. */
  async keyFile(one: Participant): Promise<{ path: string; keys: KeyFile }> {
    const path = join(this.dir, `${one.name}.keys.json`);
    if (!existsSync(path)) writeSecret(path, JSON.stringify(await freshKeys(one)));
    return { path, keys: JSON.parse(readFileSync(path, 'utf8')) as KeyFile };
  }

  /** An nkey user: the path of its seed, the seed and the public key. */
  nkey(name: string): { path: string; seed: string; publicKey: string } {
    const path = join(this.dir, `${name}.nkey`);
    if (!existsSync(path)) writeSecret(path, new TextDecoder().decode(createUser().getSeed()));
    const seed = readFileSync(path, 'utf8');
    return { path, seed, publicKey: fromSeed(new TextEncoder().encode(seed)).getPublicKey() };
  }

  /** A random password of 40 hex digits. */
  password(name: string): string {
    return this.text(`${name}.password`, () => randomBytes(20).toString('hex'));
  }

  /** A secp256k1 private key, hex without 0x, that belongs to no process: a consortium owner's. */
  signingKey(name: string): string {
    return this.text(`${name}.key`, secp256k1Key);
  }

  private text(file: string, make: () => string): string {
    const path = join(this.dir, file);
    if (!existsSync(path)) writeSecret(path, make());
    return readFileSync(path, 'utf8');
  }
}

async function freshKeys(one: Participant): Promise<KeyFile> {
  const holds = { kek: randomBytes(32).toString('hex'), gas: secp256k1Key() };
  switch (one.app) {
    case 'identity':
      return { ...holds, token: p256Key() };
    case 'records':
      return { ...holds, age: await generateX25519Identity() };
    case 'audit':
      return { ...holds, log: randomBytes(32).toString('hex') };
    case 'bridge':
      return { ...holds, message: secp256k1Key(), hpke: p256Key() };
  }
}

function secp256k1Key(): string {
  return Buffer.from(secp256k1.utils.randomSecretKey()).toString('hex');
}

function p256Key(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { d } = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })).export({ format: 'jwk' });
  return Buffer.from(d as string, 'base64url')
    .toString('hex')
    .padStart(64, '0');
}

/** Writes the file so that it appears whole or not at all. */
function writeSecret(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
