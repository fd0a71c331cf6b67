import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AppError, invalid, parseJson } from '@cpds/errors';
import { readSecretFile } from '@cpds/service';
import { z } from 'zod';

const Address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => text.toLowerCase() as `0x${string}`);
const Bytes65 = z
  .string()
  .regex(/^0x04[0-9a-f]{128}$/, 'must be an uncompressed P-256 point, 65 bytes')
  .transform((text) => text as `0x${string}`);
const Wei = z
  .string()
  .regex(/^\d+$/, 'must be wei in decimal')
  .transform((text) => BigInt(text));
const KeyPath = z.string().min(1);

const Chain = z.object({
  finality: z.enum(['Instant', 'Depth', 'Tag']),
  depth: z.int().min(0),
  blockSeconds: z.int().min(1),
  maxHeadAgeSeconds: z.int().min(1),
  wSeconds: z.int().min(1),
});
const Fund = z.object({
  /** Path of the key of an account used for nothing else. */
  funderKeyFile: KeyPath,
  accounts: z.array(Address),
  wei: Wei,
});
const Member = z.object({ name: z.string().min(1), account: Address, messageKey: Address, hpkeKey: Bytes65 });

/** What `cpds deploy` reads. Paths of keys are relative to the plan; a key file holds 64 hex digits and is kept from others. */
export const DeployPlan = z.object({
  hub: z.object({
    rpcUrl: z.url(),
    fund: Fund,
    deployerKeyFile: KeyPath,
    /** All owners, in order. */
    owners: z.array(Address).min(1),
    /** Keys of as many owners as an action needs. */
    ownerKeyFiles: z.array(KeyPath).min(1),
    approvalsNeeded: z.int().min(1),
    chain: Chain,
    /** Gas account of the hub's audit. */
    logAccount: Address,
    storemen: z.array(Member),
    vouchers: z.array(Member),
    vouchesNeeded: z.int().min(1),
    bondWei: Wei,
  }),
  hospitals: z.array(
    z.object({
      name: z.string().min(1),
      rpcUrl: z.url(),
      fund: Fund,
      adminKeyFile: KeyPath,
      chain: Chain,
      deedRegistrar: Address,
      keyRegistrar: Address,
      logAccount: Address,
      messageKey: Address,
      hpkeKey: Bytes65,
      exchangeUrl: z.url(),
      minWindowSeconds: z.int().min(1),
    }),
  ),
  groupKeys: z.object({
    threshold: z.int().min(2),
    nMin: z.int().min(2),
    phaseSeconds: z.int().min(1),
    /** How long to wait for the storemen altogether. */
    timeoutSeconds: z.int().min(1).default(600),
  }),
});
export type DeployPlan = z.infer<typeof DeployPlan>;

/** Reads a plan. @throws AppError `no-plan`, or naming the field that is wrong */
export function readPlan(path: string): DeployPlan {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('no-plan', 'invalid', `the plan ${path} cannot be read`, { field: 'plan', cause });
  }
  return parseJson(DeployPlan, text, `plan ${path}`);
}

/** Reads a key that a plan names. @throws AppError `bad-key-file`, which never quotes the file's bytes */
export function readKey(planPath: string, keyFile: string): string {
  const path = resolve(dirname(planPath), keyFile);
  const key = new TextDecoder().decode(readSecretFile(path, keyFile)).trim();
  if (!/^(0x)?[0-9a-f]{64}$/.test(key))
    throw invalid('bad-key-file', keyFile, `${keyFile}: must hold 64 lower-case hex digits`);
  return key;
}
