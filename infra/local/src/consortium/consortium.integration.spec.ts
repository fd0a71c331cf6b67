import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { JsonRpcProvider } from 'ethers';
import pg from 'pg';
import { Consortium, removeConsortium } from './consortium.js';
import type { ChainName } from './parties.js';
import { isRunning } from '../machine/process-id.js';
import { runningProcesses } from './running.js';

const said: string[] = [];

describe('the servers of a consortium', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cpds-consortium-'));
  let consortium: Consortium;
  const connections: NatsConnection[] = [];

  const connectAs = async (server: ChainName, { seed, inboxPrefix }: { seed: string; inboxPrefix: string }) => {
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
    const connection = await connect({ servers: consortium.servers.nats[server], authenticator, inboxPrefix });
    connections.push(connection);
    return connection;
  };
  const as = (hospital: 'north' | 'south', app: string) =>
    connectAs(hospital, { ...consortium.secrets.nkey(`${app}.${hospital}`), inboxPrefix: `_INBOX.${app}` });
  const asOperator = (party: string) =>
    connectAs('hub', { ...consortium.secrets.nkey(party), inboxPrefix: `_INBOX.${party}` });
  /** The streams of a server, as whoever repairs them sees them. */
  const streamsOf = async (server: ChainName) =>
    (await jetstreamManager(await connectAs(server, consortium.busAdministrator(server)))).streams;

  beforeAll(async () => {
    consortium = await Consortium.start({ dir, report: (line) => said.push(line), until: 'launcher' });
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await consortium.stop();
    await removeConsortium(dir);
  });

  it('carry a datagram from hospital to hospital and to an operator on the hub, and nothing else', async () => {
    const [north, south, storeman] = [
      await as('north', 'bridge'),
      await as('south', 'bridge'),
      await asOperator('storeman-1'),
    ];
    const heard: string[] = [];
    for (const [who, kind, connection] of [
      ['south', 'grant', south],
      ['storeman-1', 'sign', storeman],
      ['storeman-1', 'receipted', storeman],
    ] as const) {
      const subscription = connection.subscribe(`consortium.${who}.${kind}.v1`, {
        callback: (error, message) => void heard.push(`${who} ${error?.message ?? message.subject}`),
      });
      expect(subscription.isClosed()).toBe(false);
      await connection.flush();
    }
    const events = { name: 'EVENTS', subjects: ['records.*.v1'] };
    for (const hospital of ['north', 'south'] as const)
      await (await jetstreamManager(await as(hospital, 'records'), { checkAPI: false })).streams.add(events);
    await jetstream(await as('north', 'records')).publish('records.object-stored.v1', '{}');
    await expectEventually(async () => {
      north.publish('consortium.storeman-1.receipted.v1', '{}');
      north.publish('consortium.south.grant.v1', '{}');
      north.publish('consortium.storeman-1.sign.v1', '{}');
      await north.flush();
      return (
        heard.includes('south consortium.south.grant.v1') && heard.includes('storeman-1 consortium.storeman-1.sign.v1')
      );
    });
    expect(heard.filter((line) => line.includes('receipted') || line.includes('Violation'))).toEqual([]);
    expect((await (await streamsOf('north')).info('EVENTS')).state.messages).toBe(1);
    expect((await (await streamsOf('south')).info('EVENTS')).state.messages).toBe(0);
  });

  it('refuse an operator the messages of another', async () => {
    const storeman = await asOperator('storeman-2');
    const refused = new Promise<string>((resolve) => {
      storeman.subscribe('consortium.storeman-1.>', { callback: (error) => resolve(error?.message ?? 'let in') });
    });
    expect(await refused).toContain('Permissions Violation');
  });

  it('keep the streams of south from north', async () => {
    await jetstream(await as('south', 'records')).publish('records.object-stored.v1', '{}');
    const north = await connectAs('north', consortium.busAdministrator('north'));
    const across = jetstreamManager(north, { domain: 'south', timeout: 1_000 }).then((manager) =>
      manager.streams.info('EVENTS'),
    );
    await expect(across).rejects.toThrow();
    expect((await (await streamsOf('south')).info('EVENTS')).state.messages).toBe(1);
  });

  it('give each process a database that no other may enter', async () => {
    const { databases } = consortium.servers;
    const url = new URL(databases['records.south'] as string);
    url.username = new URL(databases['records.north'] as string).username;
    url.password = new URL(databases['records.north'] as string).password;
    await expect(new pg.Client({ connectionString: url.toString() }).connect()).rejects.toThrow(/permission denied/);
  });

  it('keep every secret in a file that only its owner can read', async () => {
    const { path, keys } = await consortium.secrets.keyFile({
      name: 'records.north',
      app: 'records',
      party: 'north',
      role: null,
      ownChain: 'north',
      reads: [],
    });
    expect(keys.age).toMatch(/^AGE-SECRET-KEY-1/);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(keys);
  });

  it('start again on the same ports, with the same chains and data, and leave no process behind', async () => {
    const genesis = await blockHash(consortium.servers.chains.north, 0);
    const before = consortium.servers;
    expect((await (await streamsOf('south')).info('EVENTS')).state.messages).toBe(1);
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
    await consortium.objectStorage;
    const processes = runningProcesses(dir);
    expect(processes.length).toBe(8);
    await consortium.stop();
    expect(processes.filter(isRunning)).toEqual([]);
    consortium = await Consortium.start({ dir, report: (line) => said.push(line), until: 'launcher' });
    expect(consortium.servers).toEqual(before);
    expect(await blockHash(consortium.servers.chains.north, 0)).toBe(genesis);
    // Twice, since the dump of a second start holds two genesis blocks. Its MinIO is only just starting.
    const { objectStorage } = consortium;
    await consortium.stop();
    expect(await stateOf(objectStorage)).toBe('settled');
    expect(runningProcesses(dir)).toEqual([]);
    consortium = await Consortium.start({ dir, report: (line) => said.push(line), until: 'launcher' });
    expect(await blockHash(consortium.servers.chains.north, 0)).toBe(genesis);
    expect((await (await streamsOf('south')).info('EVENTS')).state.messages).toBe(1);
  });
});

async function blockHash(url: string, number: number): Promise<string | null | undefined> {
  const provider = new JsonRpcProvider(url);
  try {
    return (await provider.getBlock(number))?.hash;
  } finally {
    provider.destroy();
  }
}

function stateOf(promise: Promise<unknown>): Promise<'settled' | 'pending'> {
  const settled = promise.then(
    () => 'settled' as const,
    () => 'settled' as const,
  );
  return Promise.race([settled, new Promise<'pending'>((resolve) => setImmediate(resolve, 'pending'))]);
}

async function expectEventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('did not come true in 10 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
