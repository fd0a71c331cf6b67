/** What every process asks of itself: docs/decisions/0031 says which fault sends callers away and which is only an alarm. */

import { Bus } from '@cpds/bus';
import { type ChainHead, ChainReader } from '@cpds/chain';
import { type AppError, unavailable } from '@cpds/errors';
import { Outbox } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import type { INestApplicationContext } from '@nestjs/common';
import { z } from 'zod';
import type { commonConfig, ConfigOf } from './config.js';
import { found } from './figures.js';
import type { Probe } from './health.js';

/** The settings that probes have, and the chains of a process that reads any. */
export type ProbeConfig = Pick<
  ConfigOf<typeof commonConfig>,
  'MAX_CLOCK_OFFSET_MS' | 'MAX_OUTBOX_AGE_MS' | 'NATS_MONITOR_URL'
> & { CHAINS?: Record<string, string[]>; MAX_HEAD_AGE_MS?: number };

/** The probes of a process beside its own. */
export function commonProbes(app: INestApplicationContext, config: ProbeConfig): Probe[] {
  const unitOfWork = app.get(UnitOfWork, { strict: false });
  const bus = app.get(Bus, { strict: false });
  const outbox = found(app, Outbox);
  return [
    { name: 'store', probe: async () => void (await unitOfWork.reader.query('SELECT 1')) },
    { name: 'bus', probe: () => assertUp(bus) },
    clockProbe(unitOfWork, config.MAX_CLOCK_OFFSET_MS),
    ...(outbox ? [outboxProbe(unitOfWork, outbox.producer, config.MAX_OUTBOX_AGE_MS)] : []),
    ...config.NATS_MONITOR_URL.map(syncProbe),
    ...headProbes(config),
  ];
}

async function assertUp(bus: Bus): Promise<void> {
  if (!(await bus.isUp())) throw unavailable('bus-unreachable', 'the bus does not answer');
}

/**
 * The own clock against the database's: tokens, grants and leases of time are judged by the one and kept by the other.
 * Both are servers of this party, so a fault is of this machine or of the database's.
 */
export function clockProbe(unitOfWork: UnitOfWork, mostMs: number, now: () => number = Date.now): Probe {
  return {
    name: 'clock',
    probe: async () => {
      const askedAt = now();
      const [row] = (await unitOfWork.reader.query('SELECT clock_timestamp() AS at')) as [{ at: Date }];
      const offsetMs = offsetOf(row.at.getTime(), askedAt, now());
      if (offsetMs > mostMs) throw clockOff('the database', offsetMs);
    },
  };
}

/** By how much two clocks differ at least, milliseconds: theirs was read at some moment between the two of ours. */
export function offsetOf(theirsMs: number, askedAtMs: number, answeredAtMs: number): number {
  return Math.max(0, askedAtMs - theirsMs, theirsMs - answeredAtMs);
}

/** The oldest event that the log has not receipted. While it waits nothing is lost; what discloses is withheld by itself. */
function outboxProbe(unitOfWork: UnitOfWork, producer: string, mostMs: number): Probe {
  return {
    name: 'outbox',
    failing: 'alarm',
    probe: async () => {
      const [row] = (await unitOfWork.reader.query(
        `SELECT extract(epoch FROM now() - appended_at) AS age FROM outbox
         WHERE producer = $1 AND seq > coalesce((SELECT receipted_seq FROM outbox_relay WHERE producer = $1), 0)
         ORDER BY seq LIMIT 1`,
        [producer],
      )) as { age: string }[];
      const seconds = Math.round(Number(row?.age ?? 0));
      if (seconds * 1_000 > mostMs)
        throw unavailable('outbox-late', `an event waits for its receipt since ${seconds} s`);
    },
  };
}

const JetStreamState = z.object({ config: z.object({ sync_always: z.boolean().default(false) }) });

/**
 * Whether a server writes each message to disk before it acknowledges it. No client of a bus can ask that, but the
 * server's monitoring port tells. A stream that lost messages is filled again from the outboxes, so this is an alarm.
 */
export function syncProbe(monitorUrl: string, at: number): Probe {
  return {
    name: `bus-sync-${at + 1}`,
    failing: 'alarm',
    probe: async () => {
      const answer = await fetch(new URL('/jsz', monitorUrl), { signal: AbortSignal.timeout(2_000) }).catch(
        (cause: unknown) => {
          throw unavailable('bus-unreachable', "the monitoring port of the bus's server does not answer", { cause });
        },
      );
      const { config } = JetStreamState.parse(await answer.json());
      if (!config.sync_always)
        throw unavailable('bus-unsynced', 'the server acknowledges messages that are not on its disk yet');
    },
  };
}

/** The newest head of each chain against the own clock. A chain that stands still stops what needs it, and nothing else. */
export function headProbes(config: ProbeConfig, now: () => number = Date.now): Probe[] {
  return Object.entries(config.CHAINS ?? {}).map(([name, urls]) => {
    let connected: ChainHead | undefined;
    return {
      name: `head-${name}`,
      failing: 'alarm',
      probe: async () => {
        connected ??= await ChainReader.connect({ name, urls });
        const { timestamp } = await connected.head();
        const fault = headFault(name, timestamp, now(), config);
        if (fault) throw fault;
      },
    };
  });
}

/** What is wrong with a head of this time in seconds: it is old, or it is of a later time than the own clock shows. */
export function headFault(
  chain: string,
  headSeconds: number,
  nowMs: number,
  { MAX_HEAD_AGE_MS = Infinity, MAX_CLOCK_OFFSET_MS }: Pick<ProbeConfig, 'MAX_HEAD_AGE_MS' | 'MAX_CLOCK_OFFSET_MS'>,
): AppError | null {
  const ageMs = nowMs - headSeconds * 1_000;
  if (ageMs > MAX_HEAD_AGE_MS)
    return unavailable('chain-stale', `the head of chain ${chain} is ${Math.round(ageMs / 1_000)} s old`);
  return -ageMs > MAX_CLOCK_OFFSET_MS ? clockOff(`the newest block of chain ${chain}`, -ageMs) : null;
}

function clockOff(whose: string, offsetMs: number): AppError {
  return unavailable('clock-off', `the clock differs from that of ${whose} by ${(offsetMs / 1_000).toFixed(1)} s`);
}
