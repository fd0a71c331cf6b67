import { type Bus, pendingOf } from '@cpds/bus';
import { type BlockRef, type ChainObserver, observeChains } from '@cpds/chain';
import { Outbox, Receipts } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import type { Metrics } from './metrics.js';

/** Figures that every process has beside its doors': what it must still tell, and what it sees of its chains. */
export function keepFigures(app: INestApplicationContext, metrics: Metrics): void {
  const outbox = found(app, Outbox);
  if (outbox) outboxFigures(metrics, app.get(UnitOfWork, { strict: false }), outbox.producer);
  found(app, Receipts)?.onWaited((seconds, outcome) => metrics.receiptSeconds.observe({ outcome }, seconds));
  observeChains(chainFigures(metrics));
}

/** What the application has of `type`, or null. */
export function found<T>(app: INestApplicationContext, type: Type<T>): T | null {
  try {
    return app.get(type, { strict: false });
  } catch {
    return null; // Nest has no other way to ask whether something was provided
  }
}

function outboxFigures(metrics: Metrics, unitOfWork: UnitOfWork, producer: string): void {
  const read = (sql: string) => async () => {
    const rows = (await unitOfWork.reader.query(sql, [producer])) as { value: string | number | null }[];
    return [{ value: Number(rows[0]?.value ?? 0) }];
  };
  metrics.gauge(
    'cpds_outbox_waiting',
    'own events that the log has not receipted yet',
    [],
    read(`SELECT last_seq - coalesce(receipted_seq, 0) AS value
          FROM outbox_counter LEFT JOIN outbox_relay USING (producer) WHERE producer = $1`),
  );
  metrics.gauge(
    'cpds_outbox_oldest_seconds',
    'age of the oldest of these; 0 without any',
    [],
    read(`SELECT extract(epoch FROM now() - appended_at) AS value FROM outbox
          WHERE producer = $1 AND seq > coalesce((SELECT receipted_seq FROM outbox_relay WHERE producer = $1), 0)
          ORDER BY seq LIMIT 1`),
  );
}

/** Keeps how far a durable consumer of the bus is behind. */
export function consumerFigure(metrics: Metrics, bus: Bus, durable: string): void {
  metrics.gauge(
    'cpds_bus_consumer_pending',
    'events that this service has not settled yet; missing where it takes none',
    [],
    async () => {
      const value = await pendingOf(bus, durable);
      return value === null ? [] : [{ value }];
    },
  );
}

/** Keeps what a process asks of its chains' nodes and sees of the chains. */
export function chainFigures(metrics: Metrics): ChainObserver {
  const registers = [metrics.registry];
  const chain = ['chain'];
  const headAt = new Gauge({
    name: 'cpds_chain_head_timestamp_seconds',
    help: 'time of the newest head seen of a chain that is watched',
    labelNames: chain,
    registers,
  });
  const finalAt = new Gauge({
    name: 'cpds_chain_final_timestamp_seconds',
    help: 'time of the newest final block seen of it',
    labelNames: chain,
    registers,
  });
  const lag = new Gauge({
    name: 'cpds_chain_finality_lag_blocks',
    help: 'blocks between the head and the final block of a chain',
    labelNames: chain,
    registers,
  });
  const reorgs = new Counter({
    name: 'cpds_chain_reorgs_total',
    help: 'heads of a chain that came in the place of another one',
    labelNames: chain,
    registers,
  });
  const disagreements = new Counter({
    name: 'cpds_chain_disagreements_total',
    help: 'looks at which two own nodes showed different blocks at the final height',
    labelNames: chain,
    registers,
  });
  const requests = new Counter({
    name: 'cpds_chain_requests_total',
    help: 'HTTP requests to the own nodes of chains',
    labelNames: ['node', 'outcome'],
    registers,
  });
  const calls = new Counter({
    name: 'cpds_chain_calls_total',
    help: 'JSON-RPC calls in these requests',
    labelNames: ['node'],
    registers,
  });
  const accounts = new Map<string, () => Promise<bigint>>();
  metrics.gauge(
    'cpds_chain_gas_balance_ether',
    'what the own account holds; missing while the chain does not answer',
    chain,
    async () => {
      const read = [...accounts].map(async ([name, balance]) => ({
        labels: { chain: name },
        value: Number(await balance()) / 1e18,
      }));
      return (await Promise.allSettled(read)).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    },
  );
  const heads = new Map<string, BlockRef>();
  return {
    asked: ({ host, calls: count, isAnswered }) => {
      requests.inc({ node: host, outcome: isAnswered ? 'answered' : 'failed' });
      calls.inc({ node: host }, count);
    },
    saw: ({ name, head, final }) => {
      const before = heads.get(name);
      heads.set(name, head);
      reorgs.inc({ chain: name }, before && replaces(head, before) ? 1 : 0);
      headAt.set({ chain: name }, head.timestamp);
      finalAt.set({ chain: name }, final.timestamp);
      lag.set({ chain: name }, head.number - final.number);
    },
    left: ({ name }) => {
      heads.delete(name);
      for (const gauge of [headAt, finalAt, lag]) gauge.remove({ chain: name });
    },
    disagreed: ({ name }) => disagreements.inc({ chain: name }),
    sends: ({ chain: name, balance }) => void accounts.set(name, balance),
  };
}

/** True if `head` cannot stand on the head that was seen before it. One that is several blocks later tells nothing. */
function replaces(head: BlockRef, before: BlockRef): boolean {
  if (head.number <= before.number) return head.hash !== before.hash;
  return head.number === before.number + 1 && head.parentHash !== before.hash;
}
