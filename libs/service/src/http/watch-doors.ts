/** The doors by which a process is watched. They answer beside the application, and do not wait for it. */

import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import type { Health } from '../health.js';
import type { Metrics } from '../metrics.js';

/** Whoever reaches them may ask; an answer names no person, key or address. */
const open: RouteShorthandOptions = { config: { marks: { open: 'facts' } } };

/** Adds the doors that say whether this process lives, and whether callers should be sent to it. */
export function addHealthDoors(http: FastifyInstance, health: Health): void {
  /** Says that the process runs. */
  http.get('/healthz', open, async () => ({ status: 'up' }));
  /** Says what this process needs and how that is, with a reason for each fault; 503 unless callers should be sent here. */
  http.get('/readyz', open, async (_request, reply) => {
    const { isReady, checks, reasons } = await health.readiness();
    const status = isReady ? 'ready' : health.phase === 'serving' ? 'not-ready' : health.phase;
    return reply.status(isReady ? 200 : 503).send({ status, checks, reasons });
  });
}

/** Adds the door of Prometheus. */
export function addMetricsDoor(http: FastifyInstance, metrics: Metrics): void {
  /** Gives the process's figures to Prometheus, at `METRICS_PORT` if that is set. */
  http.get('/metrics', open, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}

/** A port for whoever watches the process, apart from that of its callers. */
export interface WatchPort {
  url: string;
  close(): Promise<void>;
}

/** Opens a port with these doors only. */
export async function openWatchPort(
  { host, port }: { host: string; port: number },
  health: Health,
  metrics: Metrics,
): Promise<WatchPort> {
  const http = new FastifyAdapter({ forceCloseConnections: true }).getInstance();
  addHealthDoors(http, health);
  addMetricsDoor(http, metrics);
  const url = await http.listen({ host, port });
  return { url, close: () => http.close() };
}
