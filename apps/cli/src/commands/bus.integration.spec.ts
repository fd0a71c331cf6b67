import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus, inboxPrefixOf } from '@cpds/bus';
import { testNats } from '@cpds/local';
import { createUser, type KeyPair } from '@nats-io/nkeys';
import { hospitalPermissions, hubPermissions, type BusPermissions } from './bus.commands.js';

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A server with what the command printed, and the variables that its operator sets. */
async function serverOf({ users, config }: BusPermissions, extra: Record<string, string | object>) {
  const keys = new Map<string, KeyPair>(users.map(({ name }) => [name, createUser()]));
  const variables = Object.entries({
    ...extra,
    ...Object.fromEntries(users.map(({ name, publicKey }) => [publicKey.slice(1), keys.get(name)!.getPublicKey()])),
  }).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const nats = await testNats({ extra: [...variables, config].join('\n') });
  return { nats, seedOf: (user: string) => textOf(keys.get(user)!.getSeed()) };
}

const certificates = mkdtempSync(join(tmpdir(), 'cpds-certificates-'));
afterAll(() => rmSync(certificates, { recursive: true }));

/** The settings of a leaf port with a certificate of its own. */
function leafTls(): { cert_file: string; key_file: string } {
  const [key, certificate] = [join(certificates, 'key.pem'), join(certificates, 'certificate.pem')];
  const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const into = ['-subj', '/CN=hub', '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', ...made, ...into], { stdio: 'pipe' });
  return { cert_file: certificate, key_file: key };
}

describe('cpds bus permissions', () => {
  it.each([
    [
      'a hospital',
      hospitalPermissions('north'),
      { LEAF_URL: 'nats-leaf://127.0.0.1:9', LEAF_SEED: textOf(createUser().getSeed()) },
      ['identity', 'records', 'bridge', 'audit', 'administrator'],
    ],
    [
      'the hub',
      hubPermissions(['storeman-1', 'voucher-1'], ['north', 'south']),
      { LEAF_LISTEN: '127.0.0.1:-1', LEAF_TLS: leafTls() },
      ['audit', 'storeman-1', 'voucher-1', 'leaf.north', 'leaf.south', 'administrator'],
    ],
  ] as const)(
    'of %s is a configuration that nats-server takes, once it has the public keys',
    async (_, made, extra, names) => {
      expect(made.users.map(({ name }) => name)).toEqual(names);
      const { nats, seedOf } = await serverOf(made, extra);
      try {
        for (const { name, inboxPrefix } of made.users) {
          expect(inboxPrefix).toBe(inboxPrefixOf(name));
          const bus = await connectBus({ url: nats.url, name, nkeySeed: seedOf(name), inboxPrefix });
          expect(await bus.isUp()).toBe(true);
          await bus.close();
        }
        const nkeySeed = textOf(createUser().getSeed());
        await expect(connectBus({ url: nats.url, name: 'stranger', nkeySeed })).rejects.toMatchObject({
          code: 'bus-unreachable',
        });
      } finally {
        await nats.close();
      }
    },
  );

  it('refuses a name that is no party, since it would stand in the configuration', () => {
    expect(() => hospitalPermissions('north.>')).toThrow(expect.objectContaining({ code: 'invalid-input' }));
    expect(() => hubPermissions(['storeman-1', '*'], ['north'])).toThrow(expect.objectContaining({ field: '1' }));
    expect(() => hubPermissions([], ['north'])).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });
});
