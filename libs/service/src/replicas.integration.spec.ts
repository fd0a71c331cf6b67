import { connectBus, eventStream } from '@cpds/bus';
import { EventEnvelope } from '@cpds/messages';
import { lockKey } from '@cpds/store';
import { type Drawer, type Drawers, drawers, readinessAt, until } from './testing/drawers.js';

/** Two processes of one service on one database, of which one is killed. */

let all: Drawers;

beforeAll(async () => {
  all = await drawers();
});

afterAll(() => all.close());

/** How many processes hold the lease of whoever tells events. */
const tellers = (): Promise<number> =>
  all.count(
    `SELECT count(*) AS n FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = $1`,
    [lockKey('outbox/drawer.north')],
  );

const tell = async (at: Drawer): Promise<void> => {
  const answer = await fetch(`${at.url}/told`, { method: 'POST' });
  expect(answer.status).toBe(201);
};

describe('two processes of one service', () => {
  it('tell each event once and in order, whichever made it, and go on where one is killed', async () => {
    const bus = await connectBus({ url: all.natsUrl, name: 'test' });
    /** Numbers of the events in the stream, in its order. */
    const numbers = async (): Promise<number[]> => {
      const streams = (await bus.jsm()).streams;
      const { messages } = (await streams.info(eventStream)).state;
      const stored = Array.from({ length: messages }, (_, at) => streams.getMessage(eventStream, { seq: at + 1 }));
      return (await Promise.all(stored)).map((message) => EventEnvelope.parse(message?.json()).seq);
    };
    const pair = [await all.start(), await all.start()] as const;
    for (const { url } of pair) await until(async () => (await readinessAt(url)) === 'ready');
    for (let i = 0; i < 5; i++) await Promise.all(pair.map(tell));
    await until(async () => (await numbers()).length === 10);
    expect(await tellers()).toBe(1);
    for (const [killed, left] of [pair, [pair[1], await all.start()]] as const) {
      const before = (await numbers()).length;
      // Some of its events are committed and not told yet.
      const telling = Promise.allSettled(Array.from({ length: 20 }, () => tell(killed)));
      await tell(killed);
      killed.child.kill('SIGKILL');
      await telling;
      await until(async () => (await readinessAt(left.url)) === 'ready');
      await tell(left);
      const made = await all.count('SELECT last_seq AS n FROM outbox_counter');
      expect(made).toBeGreaterThan(before + 1);
      await until(async () => (await numbers()).length >= made);
      expect(await tellers()).toBe(1);
      expect(await numbers()).toEqual(Array.from({ length: made }, (_, at) => at + 1));
    }
    await bus.close();
  });
});
