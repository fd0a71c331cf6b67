import { isIP } from 'node:net';
import { invalid } from '@cpds/errors';
import { z, type ZodType } from 'zod';
import { readSecretFile } from './secret-file.js';

/** One key of the environment: its parser, and what an operator needs to know of it. */
export interface ConfigKey<T> {
  schema: ZodType<T>;
  /** e.g. `ms`, `url`, `path`, `count` */
  unit: string;
  /** what happens with a wrong or extreme value */
  consequence: string;
  /** removed from the environment when it is read, so that no child process and no dump of `process.env` has it */
  isSecret?: true;
}

/** A service's keys by environment name. */
export type ConfigShape = Record<string, ConfigKey<unknown>>;

/** The parsed configuration: one property per key. */
export type ConfigOf<Shape extends ConfigShape> = {
  [K in keyof Shape]: Shape[K] extends ConfigKey<infer T> ? T : never;
};

/** Describes one key. Defaults belong in the schema: `z.coerce.number().default(5000)`. */
export function key<T>(schema: ZodType<T>, unit: string, consequence: string): ConfigKey<T> {
  return { schema, unit, consequence };
}

/** Describes one key whose value is a secret. It may come from a file as well: `secretFileKeys`. */
export function secretKey<T>(schema: ZodType<T>, unit: string, consequence: string): ConfigKey<T> {
  return { schema, unit, consequence, isSecret: true };
}

/** A service's keys, for `readConfig` and for its README. */
export function defineConfig<Shape extends ConfigShape>(shape: Shape): Shape {
  return shape;
}

/**
 * The keys that name a file with a secret in it, by the secret's own: `NAME_FILE` takes the place of `NAME`. A shape that
 * has `NAME_FILE` itself gives it a meaning of its own.
 */
export function secretFileKeys(shape: ConfigShape): Map<string, string> {
  const secrets = Object.entries(shape).filter(([name, { isSecret }]) => isSecret && !(`${name}_FILE` in shape));
  return new Map(secrets.map(([name]) => [name, `${name}_FILE`]));
}

/**
 * The only reader of the environment. Secrets are removed from `env`, or read from the files that it names.
 *
 * @throws AppError `bad-config` names the key; the value is never quoted. `bad-key-file` for a file that others can read
 */
export function readConfig<Shape extends ConfigShape>(shape: Shape, env: NodeJS.ProcessEnv): ConfigOf<Shape> {
  const values: Record<string, unknown> = {};
  const given = { ...env };
  for (const [name, { isSecret }] of Object.entries(shape)) if (isSecret) delete env[name];
  for (const [name, fileKey] of secretFileKeys(shape)) {
    const path = given[fileKey];
    if (path) given[name] = secretIn(path, name, fileKey, given[name]);
  }
  for (const [name, { schema, unit }] of Object.entries(shape)) {
    const result = schema.safeParse(given[name] === '' ? undefined : given[name]);
    if (!result.success) {
      const issue = result.error.issues[0];
      throw invalid('bad-config', name, `${name} (${unit}): ${issue?.message ?? 'is invalid'}`);
    }
    values[name] = result.data;
  }
  return values as ConfigOf<Shape>;
}

function secretIn(path: string, name: string, fileKey: string, value: string | undefined): string {
  if (value) throw invalid('bad-config', name, `${name} and ${fileKey} are given: keep one`);
  // Editors end a file with a line end; a secret has none.
  return new TextDecoder().decode(readSecretFile(path, fileKey)).replace(/\r?\n$/, '');
}

/** A JSON value in the environment, parsed under `schema`. */
export function json<T>(schema: ZodType<T>): ZodType<T> {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema as ZodType<T, unknown>);
}

/** A whole number of milliseconds. */
export function ms(fallback: number, least = 1): ZodType<number> {
  return z.coerce.number().int().min(least).default(fallback);
}

/** An account or contract on a chain, in any case of letters. */
export const Address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address');

/** `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const widest = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
  return more.length === 0 && (bits === undefined ? widest > 0 : /^\d{1,3}$/.test(bits) && Number(bits) <= widest);
}

/** Keys every process has. */
export const commonConfig = defineConfig({
  PARTY: key(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), 'party name', 'names this operator on bus, log and hub'),
  PORT: key(z.coerce.number().int().min(0).max(65_535), 'TCP port on HOST', '0 takes any free port'),
  HOST: key(
    z.string().default('127.0.0.1'),
    'address',
    'an address that others reach exposes plain HTTP: put TLS before it',
  ),
  METRICS_PORT: key(
    z.coerce.number().int().min(0).max(65_535).optional(),
    'TCP port on HOST',
    '`/metrics` is there and not on `PORT`, beside `/healthz` and `/readyz`, from the first moment of a start: keep strangers from it',
  ),
  MAX_CLOCK_OFFSET_MS: key(
    ms(5_000, 100),
    'ms',
    "a process whose clock is further from the database's is not ready; one that is further behind a chain's newest block raises an alarm",
  ),
  MAX_OUTBOX_AGE_MS: key(ms(300_000, 1_000), 'ms', 'an event that waits longer for its receipt raises an alarm'),
  STOP_DELAY_MS: key(
    z.coerce.number().int().min(0).max(60_000).default(0),
    'ms',
    'after SIGTERM the process is not ready and serves on for this long, until whatever sends callers has noticed; it ends 8 s later at most',
  ),
  TRUSTED_PROXIES: key(
    z
      .string()
      .default('')
      .transform((text) =>
        text
          .split(',')
          .map((part) => part.trim())
          .filter((part) => part !== ''),
      )
      .refine((parts) => parts.every(isNetwork), 'must be addresses or networks'),
    'addresses or networks (CIDR) with commas',
    'their `X-Forwarded-For` is believed: without your proxy, all callers behind it share one limit; with a stranger, he has none',
  ),
  KEY_FILE: key(z.string(), 'path of a secret file, JSON', 'the process refuses to start when others can read it'),
  KEK: secretKey(
    z.string().optional(),
    'hex or base64, 32 bytes',
    'the key-encryption key, in place of `kek` in `KEY_FILE`',
  ),
  KEK_FILE: key(
    z.string().optional(),
    'path of a secret file',
    'the key-encryption key, raw, hex or base64, or an age file; in place of `kek` in `KEY_FILE`',
  ),
  KEK_PASSPHRASE: secretKey(
    z.string().optional(),
    'text',
    'opens the age files among `KEK_FILE` and `KEK_FORMER_FILES`; without it no start on one',
  ),
  KEK_PASSPHRASE_FILE: key(
    z.string().optional(),
    'path of a secret file',
    'its first line takes the place of `KEK_PASSPHRASE`',
  ),
  KEK_FORMER_FILES: key(
    z
      .string()
      .default('')
      .transform((paths) => paths.split(',').filter((path) => path !== '')),
    'paths with commas, newest first',
    'keys to rotate from, beside `formerKeks` in `KEY_FILE`: what they sealed is sealed anew at the start',
  ),
  LOG_LEVEL: key(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    'level',
    'below info is slow',
  ),
  DATABASE_URL: secretKey(z.string().startsWith('postgres'), 'postgres url', 'a database of this process alone'),
  NATS_URL: key(
    z
      .string()
      .regex(
        /^(nats:\/\/[^,]+(,nats:\/\/[^,]+)*|tls:\/\/[^,]+(,tls:\/\/[^,]+)*)$/,
        'must be nats:// or tls:// urls, all of a kind',
      ),
    'url, or several with commas',
    'the process looks for another of them when one is away; with `tls://` it speaks to no server without a certificate for its name',
  ),
  NATS_MONITOR_URL: key(
    z
      .string()
      .default('')
      .transform((text) => text.split(',').filter((url) => url !== ''))
      .refine(
        (urls) => urls.every((url) => /^https?:\/\/[^@,/]+\/?$/.test(url)),
        'must be urls without path and password',
      ),
    'urls with commas',
    "monitoring ports of the bus's servers, where `/readyz` asks whether they sync each message; without them nobody asks",
  ),
  NATS_CA_FILE: key(
    z.string().optional(),
    'path of PEM certificates',
    "the authorities of the servers' certificates; without it those that Node knows",
  ),
  NATS_NKEY: secretKey(
    z
      .string()
      .regex(/^SU[A-Z2-7]{56}$/, 'must be the seed of an nkey user')
      .optional(),
    'nkey seed',
    'who this process is on its bus, which lets it say and hear what that user may; without it, only a server without users lets it in',
  ),
});

/** Keys of every process that checks access tokens. */
export const tokenConfig = defineConfig({
  IDENTITY_URL: key(z.url(), 'url', 'issuer of the only tokens taken here; their keys are read from its JWKS'),
});

/** RPC urls by local nickname, and which of them is this process's own chain. */
export const chainConfig = defineConfig({
  // A node's url often holds its key.
  CHAINS: secretKey(
    json(z.record(z.string(), z.array(z.url()).min(1))),
    'JSON: nickname -> urls',
    'must contain `hub` and the own chain; all http urls of a chain must agree, a ws url only announces its heads',
  ),
  OWN_CHAIN: key(z.string(), 'nickname in `CHAINS`', 'where this process sends its own transactions'),
  MAX_HEAD_AGE_MS: key(
    ms(120_000, 1_000),
    'ms',
    'a chain whose newest block is older raises an alarm: set it above the longest pause that a quiet chain makes',
  ),
});

/** RPC urls of a chain. @throws AppError `bad-config` when `CHAINS` does not have it */
export function urlsOf({ CHAINS }: Pick<ConfigOf<typeof chainConfig>, 'CHAINS'>, chain: string): string[] {
  const urls = CHAINS[chain];
  if (!urls) throw invalid('bad-config', 'CHAINS', `CHAINS has no ${chain}`);
  return urls;
}
