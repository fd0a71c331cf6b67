import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { natsServerBinary, reportToStderr } from '@cpds/local';
import { createUser } from '@nats-io/nkeys';
import { hospitalPermissions, hubPermissions } from '../../apps/cli/src/commands/bus.commands.js';
import { type Manifest, overlays, rendered } from './overlays.js';

/** The configuration of each bus is one that nats-server takes, and its permissions are those of this version. */

type Data = Readonly<Record<string, string>>;
interface Bus {
  readonly namespace: string;
  readonly files: Data;
  readonly permissions: string;
  readonly environment: Data;
}

const folder = mkdtempSync(join(tmpdir(), 'cpds-bus-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A generated ConfigMap has a hash behind its name. */
function dataOf(objects: readonly Manifest[], namespace: string | undefined, name: string): Data | undefined {
  const isIt = ({ kind, metadata }: Manifest): boolean =>
    kind === 'ConfigMap' &&
    metadata.namespace === namespace &&
    new RegExp(`^${name}-[0-9a-z]{10}$`).test(metadata.name);
  return objects.find(isIt)?.['data'] as Data | undefined;
}

function busesOf(objects: readonly Manifest[]): Bus[] {
  const servers = objects.filter(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'bus');
  return servers.map(({ metadata: { namespace } }) => ({
    namespace: namespace ?? '',
    files: dataOf(objects, namespace, 'bus') ?? {},
    permissions: dataOf(objects, namespace, 'bus-permissions')?.['nats.conf'] ?? '',
    environment: {
      ...dataOf(objects, namespace, 'bus-users'),
      PARTY: dataOf(objects, namespace, 'settings')?.['PARTY'] ?? '',
      POD_NAME: 'bus-0',
    },
  }));
}

const names = overlays();
const all = await Promise.all(names.map(rendered));
const buses = names.flatMap((overlay, i) =>
  busesOf(all[i] ?? []).map((bus) => [`${overlay} ${bus.namespace}`, bus] as const),
);

/** Lays the files out as the pod has them, below a folder of the test's, and lets nats-server read them. @throws Error with what it said */
async function check({ files, permissions, environment }: Bus): Promise<void> {
  const root = mkdtempSync(join(folder, 'pod-'));
  const moved = (text: string): string =>
    text.replaceAll(/"\/(?:etc\/nats|(data|tmp))/g, (_, own = '') => `"${root}/${own}`);
  for (const dir of ['config', 'permissions', 'secret', 'tls']) mkdirSync(join(root, dir));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'config', name), moved(text));
  writeFileSync(join(root, 'permissions/nats.conf'), permissions);
  const seed = new TextDecoder().decode(createUser().getSeed());
  const isHospital = permissions.includes('$LEAF_SEED');
  writeFileSync(
    join(root, 'secret/secret.conf'),
    [`JETSTREAM_KEY: "${'a'.repeat(64)}"`, ...(isHospital ? [`LEAF_SEED: "${seed}"`] : [])].join('\n'),
  );
  const [key, certificate] = [join(root, 'tls/tls.key'), join(root, 'tls/tls.crt')];
  const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  execFileSync('openssl', ['req', ...made, '-subj', '/CN=bus', '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  execFileSync('cp', [certificate, join(root, 'tls/ca.crt')]);
  await promisify(execFile)(
    await natsServerBinary(reportToStderr),
    ['-t', '--config', join(root, 'permissions/nats.conf')],
    { env: { ...environment } },
  );
}

/** What `cpds bus permissions` prints for the users that a configuration has. */
function printed({ permissions, environment }: Bus): string {
  if (environment['PARTY'] !== 'hub') return hospitalPermissions(environment['PARTY'] ?? '').config;
  const operators = [...permissions.matchAll(/\{ publish: \{ allow: \["audit\.events\.([a-z0-9-]+)"/g)];
  const hospitals = [...permissions.matchAll(/\$NKEY_LEAF_(\w+)/g)];
  return hubPermissions(
    operators.map(([, name]) => name ?? ''),
    hospitals.map(([, name]) => (name ?? '').toLowerCase().replaceAll('_', '-')),
  ).config;
}

describe('a bus', () => {
  it('is in every overlay of a hospital and of a hub', () => {
    expect(buses.map(([name]) => name)).toEqual([
      'overlays/consortium-example cpds-hub',
      'overlays/evaluation cpds-hub',
      'overlays/evaluation cpds-north',
      'overlays/evaluation cpds-south',
      'overlays/hospital-example cpds-west',
    ]);
  });

  it.each(buses)('%s has a configuration that nats-server takes', (_, bus) => check(bus));

  it.each(buses)('%s lets its users say and hear what this version says and hears', (_, bus) => {
    const [, include, ...lines] = bus.permissions.trim().split('\n');
    expect(include).toBe('include "../config/server.conf"');
    expect(lines.join('\n')).toBe(printed(bus).trim());
  });

  it.each(buses)(
    '%s writes to disk before it acknowledges, encrypts what lies there, and speaks TLS',
    (_, { files }) => {
      const conf = files['server.conf'] ?? '';
      for (const line of ['  sync_interval: always', '  cipher: aes', '  key: $JETSTREAM_KEY', 'tls {'])
        expect(conf.split('\n')).toContain(line);
    },
  );

  it.each([
    [
      'a user without a key',
      'requires a user',
      (bus: Bus): Bus => ({ ...bus, environment: { ...bus.environment, NKEY_AUDIT: '' } }),
    ],
    [
      'a drain that is shorter than the server allows',
      'lame_duck_duration',
      planted('lame_duck_duration: 30s', 'lame_duck_duration: 20s'),
    ],
    ['a setting that it does not know', 'max_playload', planted('max_payload', 'max_playload')],
  ])('would be refused with %s', async (_, named, change) => {
    for (const [, bus] of buses.slice(0, 1)) await expect(check(change(bus))).rejects.toThrow(named);
  });
});

function planted(from: string, to: string): (bus: Bus) => Bus {
  return (bus) => ({
    ...bus,
    files: { ...bus.files, 'server.conf': (bus.files['server.conf'] ?? '').replace(from, to) },
  });
}
