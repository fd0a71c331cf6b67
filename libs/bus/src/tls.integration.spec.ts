import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testNats } from '@cpds/local';
import { type Bus, connectBus } from './bus.js';

/** A bus of `tls://` on a real server: a process says nothing to a server that is not the one it means. */

const folder = mkdtempSync(join(tmpdir(), 'authorities-'));
const path = (name: string): string => join(folder, `${name}.pem`);
const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes an authority, and a certificate by it for the server's name. */
function authority(name: string, serverName: string): { caFile: string; extra: string } {
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '1',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    path(`${name}.key`),
    '-out',
    path(name),
  );
  openssl('req', ...newKey, '-subj', '/CN=bus', '-keyout', path(`${name}.server.key`), '-out', path(`${name}.request`));
  writeFileSync(path(`${name}.names`), `subjectAltName=DNS:${serverName}`);
  const signed = ['-CA', path(name), '-CAkey', path(`${name}.key`), '-days', '1', '-extfile', path(`${name}.names`)];
  openssl('x509', '-req', '-in', path(`${name}.request`), ...signed, '-out', path(`${name}.server`));
  const files = `cert_file: "${path(`${name}.server`)}", key_file: "${path(`${name}.server.key`)}"`;
  return { caFile: path(name), extra: `tls { ${files} }` };
}

const own = authority('own', 'localhost');
const other = authority('other', 'localhost');
const elsewhere = authority('elsewhere', 'nats.elsewhere.example');

const servers: Awaited<ReturnType<typeof testNats>>[] = [];
const buses: Bus[] = [];

/** The address of a server with this configuration, as a client writes it that wants certificates. */
async function serve(extra?: string): Promise<string> {
  const server = await testNats(extra === undefined ? {} : { extra });
  servers.push(server);
  return server.url.replace('nats://127.0.0.1', 'tls://localhost');
}

const connectTo = async (url: string, caFile?: string): Promise<Bus> => {
  const bus = await connectBus({ url, name: 'test', ...(caFile === undefined ? {} : { caFile }) });
  buses.push(bus);
  return bus;
};

const refused = expect.objectContaining({ code: 'bus-unreachable' });
let url: string;

beforeAll(async () => {
  url = await serve(own.extra);
});

afterAll(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

describe('a bus with certificates', () => {
  it('is used by whoever knows its authority', async () => {
    const bus = await connectTo(url, own.caFile);
    const heard: unknown[] = [];
    bus.subscribe('records.noted', ({ body }) => void heard.push(body));
    bus.publish('records.noted', { n: 1 });
    await bus.connection.flush();
    expect([await bus.isUp(), heard]).toEqual([true, [{ n: 1 }]]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['shows a certificate of another authority', async () => connectTo(await serve(other.extra), own.caFile)],
    ["shows another server's certificate", async () => connectTo(await serve(elsewhere.extra), elsewhere.caFile)],
    ['has no certificate at all', async () => connectTo(await serve(), own.caFile)],
    ['has an authority that nobody named', () => connectTo(url)],
    ['is checked by an authority that is not there', () => connectTo(url, path('nothing'))],
  ])('is not spoken to where it %s', async (_, connecting) => {
    await expect(connecting()).rejects.toEqual(refused);
  });
});
