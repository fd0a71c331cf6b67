import { randomBytes, randomUUID } from 'node:crypto';
import { type Bus, type BusLoss, connectBus, ensureEventStream, eventStream, hospitalEventSubjects } from '@cpds/bus';
import type { EventEnvelope } from '@cpds/messages';
import type { JetStreamManager } from '@nats-io/jetstream';
import { type LoneAudit, startLoneAudit, until } from './lone-audit.js';

describe('an audit service whose way to the stream is cut while it runs', () => {
  let audit: LoneAudit;
  let bus: Bus;
  let seq = 0;

  const tell = async (): Promise<void> => {
    const event: EventEnvelope = {
      id: randomUUID(),
      type: 'records.object-read.v1',
      producer: 'records.north',
      seq: ++seq,
      at: new Date().toISOString(),
      correlation: 'request-1',
      salt: `0x${randomBytes(32).toString('hex')}`,
      details: {},
    };
    await bus.js.publish(event.type, JSON.stringify(event), { msgID: event.id });
  };
  const lossesTold = async (): Promise<number> =>
    (await audit.leaves()).filter(({ type }) => /^audit\.(stream|consumer)-lost\.v1$/.test(type)).length;
  const logged = (): Promise<void> =>
    until(`event ${seq}`, async () =>
      (await audit.leaves()).some((leaf) => leaf.producer === 'records.north' && leaf.seq === seq),
    );

  beforeAll(async () => {
    audit = await startLoneAudit();
    bus = await connectBus({ url: audit.natsUrl, name: 'test' });
  }, 60_000);

  afterAll(async () => {
    await bus.close();
    await audit.close();
  });

  it.each<[string, BusLoss, (jsm: JetStreamManager) => Promise<unknown>]>([
    ['its consumer is deleted', 'consumer', (jsm) => jsm.consumers.delete(eventStream, 'audit')],
    ['the stream is deleted', 'stream', (jsm) => jsm.streams.delete(eventStream)],
    [
      'its consumer is made anew by somebody else',
      'consumer',
      async (jsm) => {
        const { config } = await jsm.consumers.info(eventStream, 'audit');
        await jsm.consumers.delete(eventStream, 'audit');
        await jsm.consumers.add(eventStream, config);
      },
    ],
    [
      'the stream is made anew by a producer',
      'stream',
      async (jsm) => {
        await jsm.streams.delete(eventStream);
        await ensureEventStream(jsm, hospitalEventSubjects);
      },
    ],
  ])(
    'hears again after %s, with an event, a count and a line',
    async (_, loss, lose) => {
      await tell();
      await logged();
      const before = await lossesTold();
      audit.lines.length = 0;
      await lose(await bus.jsm());
      await until('news of the loss', async () => (await lossesTold()) > before);
      await tell();
      await logged();
      const told = (await audit.leaves()).filter(({ type }) => type.endsWith('-lost.v1'));
      expect(told).toHaveLength(before + 1);
      expect(told.at(-1)).toMatchObject({ type: `audit.${loss}-lost.v1`, producer: 'audit.north' });
      const counts = await (await fetch(`${audit.url()}/metrics`)).text();
      expect(counts).toMatch(new RegExp(`cpds_bus_losses_total\\{what="${loss}",[^}]*\\} [1-9]`));
      expect(audit.lines.filter(({ msg }) => msg === 'lost on the bus and made anew')).toHaveLength(1);
    },
    60_000,
  );

  it.each<[string, string | null, (jsm: JetStreamManager) => Promise<unknown>]>([
    ['nothing', null, () => Promise.resolve()],
    ['the stream, which was deleted,', 'stream', (jsm) => jsm.streams.delete(eventStream)],
    [
      'the stream, which a producer has made anew,',
      'stream',
      async (jsm) => {
        await jsm.streams.delete(eventStream);
        await ensureEventStream(jsm, hospitalEventSubjects);
      },
    ],
    ['its consumer', 'consumer', (jsm) => jsm.consumers.delete(eventStream, 'audit')],
  ])(
    'tells at its start that %s was lost while it was away',
    async (_, loss, lose) => {
      await tell();
      await logged();
      const before = await lossesTold();
      await audit.stop();
      audit.lines.length = 0;
      await lose(await bus.jsm());
      await audit.start();
      if (loss !== null) await until('news of the loss', async () => (await lossesTold()) > before);
      await ensureEventStream(await bus.jsm(), hospitalEventSubjects);
      await tell();
      await logged();
      const told = (await audit.leaves()).filter(({ type }) => type.endsWith('-lost.v1')).slice(before);
      expect(told.map(({ type }) => type)).toEqual(loss === null ? [] : [`audit.${loss}-lost.v1`]);
      const counts = await (await fetch(`${audit.url()}/metrics`)).text();
      const counted = new RegExp(`cpds_bus_losses_total\\{what="${loss}",[^}]*\\} 1`);
      if (loss !== null) expect(counts).toMatch(counted);
      expect(audit.lines.filter(({ msg }) => msg === 'lost on the bus and made anew')).toHaveLength(told.length);
    },
    60_000,
  );
});
