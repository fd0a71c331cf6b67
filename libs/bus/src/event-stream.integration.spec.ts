import { createServer, type AddressInfo } from 'node:net';
import { testNats } from '@cpds/local';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { type Bus, connectBus } from './bus.js';
import { ensureEventStream, eventStream, hospitalEventSubjects, widenEventStream } from './event-stream.js';

/** The stream on a bus of three servers: whatever one of them had acknowledged is still there when it has gone. */

type Server = Awaited<ReturnType<typeof testNats>>;

const names = ['bus-0', 'bus-1', 'bus-2'];
let servers: Server[];
const buses: Bus[] = [];

/** Ports that nobody listens on, held together so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      return server;
    }),
  );
  const ports = held.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function busOf(server: Server): Promise<Bus> {
  const bus = await connectBus({ url: server.url, name: 'test' });
  buses.push(bus);
  return bus;
}

/** Asks again soon: a question that comes before a leader is elected is never answered. */
async function managerOf(server: Server): Promise<JetStreamManager> {
  return jetstreamManager((await busOf(server)).connection, { checkAPI: false, timeout: 1_000 });
}

/** What `ask` says once `isDone` of it; a server that elects a leader answers later. */
async function until<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && isDone(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

beforeAll(async () => {
  const ports = await freePorts(3);
  const routes = ports.map((port) => `"nats-route://127.0.0.1:${port}"`).join(', ');
  servers = await Promise.all(
    names.map((name, i) =>
      testNats({
        extra: `server_name: "${name}"\ncluster { name: "bus", listen: "127.0.0.1:${ports[i]}", routes: [${routes}] }`,
      }),
    ),
  );
}, 60_000);

afterAll(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await Promise.all(servers.map((server) => server.close()));
});

describe('the stream on three servers', () => {
  it('is made on one, put onto three by whoever keeps it, never taken off, and outlives the one that led it', async () => {
    const jsm = await managerOf(servers[0] as Server);
    await until(() => ensureEventStream(jsm, hospitalEventSubjects).then(() => true), Boolean);
    expect((await jsm.streams.info(eventStream)).config.num_replicas).toBe(1);

    await widenEventStream(jsm, hospitalEventSubjects, 3);
    await widenEventStream(jsm, hospitalEventSubjects, 1);
    await ensureEventStream(jsm, hospitalEventSubjects);
    expect((await jsm.streams.info(eventStream)).config.num_replicas).toBe(3);
    const { cluster } = await until(
      () => jsm.streams.info(eventStream),
      (info) => info.cluster?.replicas?.length === 2 && info.cluster.replicas.every(({ current }) => current),
    );
    const led = names.indexOf(cluster?.leader ?? '');
    const others = servers.filter((_, i) => i !== led);
    await (await busOf(others[0] as Server)).js.publish('records.object-stored.v1', '{}');
    await servers[led]?.close();
    const left = await managerOf(others[1] as Server);
    const { state } = await until(
      () => left.streams.info(eventStream),
      () => true,
    );
    expect(state.messages).toBe(1);
  }, 60_000);
});

describe('the stream on one server', () => {
  it('is refused more servers than there are, and stays', async () => {
    const alone = await testNats();
    const bus = await connectBus({ url: alone.url, name: 'test' });
    try {
      const jsm = await bus.jsm();
      await ensureEventStream(jsm, hospitalEventSubjects);
      await expect(widenEventStream(jsm, hospitalEventSubjects, 3)).rejects.toThrow(/replicas/);
      await widenEventStream(jsm, hospitalEventSubjects, 1);
      expect((await jsm.streams.info(eventStream)).config.num_replicas).toBe(1);
    } finally {
      await bus.close();
      await alone.close();
    }
  });
});
