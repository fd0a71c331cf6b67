import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { JsonRpcProvider } from 'ethers';
import pg from 'pg';
import { Consortium, removeConsortium } from './consortium.js';
import { isRunning } from '../machine/process-id.js';
import { runningProcesses } from './running.js';

const said: string[] = [];

describe('the servers of a consortium', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cpds-consortium-'));
  let consortium: Consortium;
  const connections: NatsConnection[] = [];

  const as = async (hospital: 'north' | 'south', app: string) => {
    const connection = await connect({
      servers: consortium.servers.nats[hospital],
      user: app,
      pass: consortium.secrets.password(`nats.${app}.${hospital}`),
    });
    connections.push(connection);
    return connection;
  };
  const asOperator = async (party: string) => {
    const connection = await connect({
      servers: consortium.servers.nats.hub,
      authenticator: nkeyAuthenticator(new TextEncoder().encode(consortium.secrets.nkey(party).seed)),
      inboxPrefix: `_INBOX.${party}`,
    });
    connections.push(connection);
    return connection;
  };

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
    for (const [who, connection] of [
      ['south', south],
      ['storeman-1', storeman],
    ] as const) {
      const subscription = connection.subscribe(`consortium.${who}.>`, {
        callback: (_, message) => void heard.push(`${who} ${message.subject}`),
      });
      expect(subscription.isClosed()).toBe(false);
      await connection.flush();
    }
    const leaked = south.subscribe('records.>', {
      callback: (_, message) => void heard.push(`leak ${message.subject}`),
    });
    await south.flush();
    await expectEventually(async () => {
      north.publish('records.object-stored.v1', '{}');
      north.publish('consortium.south.grant.v1', '{}');
      north.publish('consortium.storeman-1.sign.v1', '{}');
      await north.flush();
      return (
        heard.includes('south consortium.south.grant.v1') && heard.includes('storeman-1 consortium.storeman-1.sign.v1')
      );
    });
    leaked.unsubscribe();
    expect(heard.filter((line) => line.startsWith('leak'))).toEqual([]);
  });

  it('refuse an operator the messages of another', async () => {
    const storeman = await asOperator('storeman-2');
    const refused = new Promise<string>((resolve) => {
      storeman.subscribe('consortium.storeman-1.>', { callback: (error) => resolve(error?.message ?? 'let in') });
    });
    expect(await refused).toContain('Permissions Violation');
  });

  it('keep the streams of south from north', async () => {
    const south = await as('south', 'records');
    await (await jetstreamManager(south)).streams.add({ name: 'EVENTS', subjects: ['records.*.v1'] });
    await jetstream(south).publish('records.object-stored.v1', '{}');
    const north = await as('north', 'bridge');
    const across = jetstreamManager(north, { domain: 'south', timeout: 1_000 }).then((manager) =>
      manager.streams.info('EVENTS'),
    );
    await expect(across).rejects.toThrow();
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
    const south = await as('south', 'audit');
    expect((await (await jetstreamManager(south)).streams.info('EVENTS')).state.messages).toBe(1);
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
    const again = await as('south', 'audit');
    expect((await (await jetstreamManager(again)).streams.info('EVENTS')).state.messages).toBe(1);
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
