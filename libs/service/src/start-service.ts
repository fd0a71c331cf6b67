import 'reflect-metadata';
import { constants } from 'node:os';
import { type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  Bus,
  type DeadLetter,
  eventStream,
  hospitalEventSubjects,
  JetStreamStrategy,
  type StrategyOptions,
} from '@cpds/bus';
import type { FastifyInstance } from 'fastify';
import type { KeyRing } from '@cpds/crypto/custody';
import type { KeyEncryption } from '@cpds/crypto/key-encryption';
import { toAppError } from '@cpds/errors';
import { lostOnBus, messageDeadLettered } from '@cpds/messages';
import { Changes } from '@cpds/outbox';
import { pause, type Reading, UnitOfWork } from '@cpds/store';
import type { GuardedRequest } from './access.js';
import { AccessGuard } from './access.guard.js';
import { commonConfig, type ConfigOf, type ConfigShape, readConfig } from './config.js';
import { openKeyRing } from './custody/open-key-ring.js';
import { reseal, type SealedPlace } from './custody/reseal.js';
import { ErrorFilter } from './error.filter.js';
import { consumerFigure, keepFigures } from './figures.js';
import { Health, type Probe } from './health.js';
import { guardDoors, httpServer } from './http/http-server.js';
import { addHealthDoors, addMetricsDoor, openWatchPort } from './http/watch-doors.js';
import { type KeyFile, readKeyFile } from './key-file.js';
import { createLog, errorLine, type Logger, nestLogger } from './log.js';
import { Metrics } from './metrics.js';
import { commonProbes, type ProbeConfig } from './probes.js';
import { TokenVerifier } from './token.js';

/** What a service's module is built with. */
export interface ServiceContext<Config> {
  /** the service's, as in its options */
  name: string;
  config: Config;
  /** without the key-encryption keys, which only `ring` holds */
  keys: KeyFile;
  /** seals what is stored */
  ring: KeyRing;
  log: Logger;
  metrics: Metrics;
  /** logs what failed in the background; whoever calls it tries again */
  onError: (error: unknown, context?: object) => void;
}

/** What a process takes from its bus beside datagrams. `events` are taken with a durable consumer, and include requests. */
export type Transport = 'events' | 'requests' | 'none';

type CommonConfig = ConfigOf<typeof commonConfig>;

export interface ServiceOptions<Shape extends ConfigShape> {
  /** folder name of the app; also its durable consumer and queue group */
  name: string;
  /** the service's whole environment; must contain `commonConfig` */
  config: Shape;
  module: (context: ServiceContext<ConfigOf<Shape>>) => DynamicModule | Type<unknown>;
  /** checks access tokens; omit if no route is guarded */
  tokens?: (app: INestApplicationContext, config: ConfigOf<Shape>) => TokenVerifier;
  /** columns that the service stores under its key ring: each start seals them anew under the current key; default none */
  sealed?: readonly SealedPlace[];
  /** opens sealed key-encryption keys instead of a passphrase, e.g. by an external key management service */
  keyEncryption?: (config: ConfigOf<Shape>) => KeyEncryption;
  /** called when a stop begins, while doors are open: ends streams and long polls, which would hold it up */
  endWaiting?: (app: INestApplicationContext, config: ConfigOf<Shape>) => void;
  /** what must answer before this process is ready, beside store and bus */
  probes?: (app: INestApplicationContext, config: ConfigOf<Shape>) => Probe[];
  /** exit code of a start that threw `error`; default 1 */
  failureCode?: (error: unknown) => number;
  /** exit code of a stop; default 0 */
  stopCode?: (app: INestApplicationContext) => number;
  /** what `*.bus.controller.ts` are fed with; default `events`, which need an outbox for their dead letters */
  transport?: Transport | ((config: ConfigOf<Shape>) => Transport);
  /** largest JSON body, bytes; default 1 MiB. Streams of other content types have no limit here. */
  bodyLimitBytes?: number;
}

/** A running service, for tests. */
export interface RunningService {
  app: NestFastifyApplication;
  url: string;
  /** where `/metrics` is; `url` without `METRICS_PORT` */
  metricsUrl: string;
  /**
   * As a process stops: not ready at once, serves on for `STOP_DELAY_MS`, then takes no connection any more, answers the
   * requests under way, and closes.
   */
  stop(): Promise<void>;
  /** Closes without delay. Requests under way have their answers first, within `finishWithinMs`. */
  close(): Promise<void>;
}

/**
 * Milliseconds from the end of `STOP_DELAY_MS` until the process exits anyway: everything durable is in Postgres already.
 * Requests under way have the first `finishWithinMs` of it.
 */
const stopWithinMs = 8_000;

/**
 * A service's whole life as a process: reads the environment, starts, stops on SIGTERM or SIGINT. A second signal ends it
 * at once, and so does one during the start: a kill at any line loses nothing. A start that fails is logged and exits
 * with 1, or the code that the service has for it.
 */
export async function startService<Shape extends ConfigShape & typeof commonConfig>(
  options: ServiceOptions<Shape>,
): Promise<void> {
  let log = createLog(options.name, process.env['PARTY'] ?? 'unknown', 'info');
  let stop: (() => void) | undefined;
  // Node as the first process of a container has no default for these: unheard, they would do nothing.
  const onSignal = (signal: 'SIGTERM' | 'SIGINT'): void => {
    log.info({ signal }, stop ? 'stopping' : 'ending at once');
    if (!stop) process.exit(128 + constants.signals[signal]);
    stop();
    stop = undefined;
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  try {
    const config = readConfig(options.config, process.env);
    log = createLog(options.name, common(config).PARTY, common(config).LOG_LEVEL);
    const running = await runService(options, config, log);
    stop = () => {
      const code = options.stopCode?.(running.app) ?? 0;
      setTimeout(() => process.exit(code), common(config).STOP_DELAY_MS + stopWithinMs).unref();
      running.stop().then(
        () => process.exit(code),
        (error: unknown) => {
          log.error(errorLine(error), 'stop failed');
          process.exit(1);
        },
      );
    };
  } catch (error) {
    log.error(errorLine(error), 'start failed');
    process.exit(options.failureCode?.(error) ?? 1);
  }
}

/**
 * Starts a service in this process with a given configuration: the same path for processes and tests. With `METRICS_PORT`
 * that port answers from the beginning, since migrating or sealing anew may take longer than anybody waits for a sign of life.
 */
export async function runService<Shape extends ConfigShape & typeof commonConfig>(
  options: ServiceOptions<Shape>,
  config: ConfigOf<Shape>,
  log: Logger = createLog(options.name, common(config).PARTY, common(config).LOG_LEVEL),
): Promise<RunningService> {
  const { PARTY, HOST, METRICS_PORT, STOP_DELAY_MS } = common(config);
  const metrics = new Metrics(options.name, PARTY, (error) => log.warn(errorLine(error), 'a figure cannot be read'));
  const health = new Health();
  metrics.gauge('cpds_check_up', '1 while a check of `/readyz` is up', ['check'], () => checksOf(health));
  const watchPort =
    METRICS_PORT === undefined ? undefined : await openWatchPort({ host: HOST, port: METRICS_PORT }, health, metrics);
  try {
    const { app, url } = await openDoors(options, config, log, metrics, health, watchPort === undefined);
    const begin = (): void => {
      health.stop();
      options.endWaiting?.(app, config);
    };
    const close = async (): Promise<void> => {
      begin();
      await app.close();
      await watchPort?.close();
    };
    const stop = async (): Promise<void> => {
      begin();
      await pause(STOP_DELAY_MS);
      // Before what works in the background ends: a request under way may wait for it.
      await app.getHttpAdapter().close();
      await close();
    };
    return { app, url, metricsUrl: watchPort?.url ?? url, stop, close };
  } catch (error) {
    await watchPort?.close();
    throw error;
  }
}

async function openDoors<Shape extends ConfigShape & typeof commonConfig>(
  options: ServiceOptions<Shape>,
  config: ConfigOf<Shape>,
  log: Logger,
  metrics: Metrics,
  health: Health,
  showsMetrics: boolean,
): Promise<Pick<RunningService, 'app' | 'url'>> {
  const { HOST, PORT, KEY_FILE, TRUSTED_PROXIES } = common(config);
  const { kek, formerKeks, ...keys } = readKeyFile(KEY_FILE);
  const ring = await openKeyRing(common(config), { kek, formerKeks }, options.keyEncryption?.(config));
  const onError = (error: unknown, context: object = {}): void =>
    log.warn({ ...errorLine(error), ...context }, 'background step failed');
  const module = options.module({ name: options.name, config, keys, ring, log, metrics, onError });
  const adapter = await httpServer(options.bodyLimitBytes ?? 1 << 20, TRUSTED_PROXIES);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: nestLogger(log),
    abortOnError: false,
    bodyParser: true,
  });
  keepFigures(app, metrics);
  await resealAll(app, ring, options.sealed ?? [], log);
  app.useGlobalFilters(new ErrorFilter(log));
  guardDoors(adapter, new AccessGuard(options.tokens?.(app, config)));
  recordRequests(app, metrics, log);
  sendCallersAway(adapter.getInstance(), health);
  addHealthDoors(adapter.getInstance(), health);
  if (showsMetrics) addMetricsDoor(adapter.getInstance(), metrics);
  const { transport = 'events' } = options;
  connectTransport(app, options.name, typeof transport === 'function' ? transport(config) : transport, log, metrics);
  await app.startAllMicroservices();
  await app.listen(PORT, HOST);
  const probes = [...commonProbes(app, config as unknown as ProbeConfig), ...(options.probes?.(app, config) ?? [])];
  health.serve(() => probes);
  const url = await app.getUrl();
  log.info({ url }, 'started');
  return { app, url };
}

/** Runs before any door is open or timer runs, so nothing else in this process reads or writes a row meanwhile. */
async function resealAll(
  app: NestFastifyApplication,
  ring: KeyRing,
  places: readonly SealedPlace[],
  log: Logger,
): Promise<void> {
  if (places.length === 0) return;
  const [current, ...former] = ring.keyIds;
  const unitOfWork = app.get(UnitOfWork, { strict: false });
  const tables = await reseal(unitOfWork, ring, places, (progress) =>
    log.info({ keyId: current, ...progress }, 'sealing anew'),
  );
  const left = tables.filter((table) => table.left > 0);
  if (left.length > 0) log.error({ keyId: current, former, left }, 'some rows stay as they are: keep every former key');
  else if (former.length > 0)
    log.info({ keyId: current, former }, 'nothing lies under a former key: they may be deleted');
}

/** The keys of `commonConfig`, which every shape contains; TypeScript cannot see that through the generic. */
function common(config: object): CommonConfig {
  return config as CommonConfig;
}

async function checksOf(health: Health): Promise<Reading[]> {
  const { checks } = await health.readiness();
  return Object.entries(checks).map(([check, state]) => ({ labels: { check }, value: state === 'up' ? 1 : 0 }));
}

/** Ends each connection after its answer once the process stops, so that a caller's next request goes elsewhere. */
function sendCallersAway(http: FastifyInstance, health: Health): void {
  http.addHook('onSend', async (_request, reply) => {
    if (health.phase === 'stopping') void reply.header('connection', 'close');
  });
}

/** Counts and logs each request but those of whoever watches the process, which come every few seconds. */
function recordRequests(app: NestFastifyApplication, metrics: Metrics, log: Logger): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'unknown';
      if (route === '/healthz' || route === '/readyz' || route === '/metrics') return;
      const { method } = request;
      metrics.httpSeconds.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
      log.info(
        {
          requestId: request.id,
          method,
          route,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime),
          client: callerOf(request),
          address: request.ip,
        },
        'request',
      );
    });
}

/**
 * A client's id; of a wallet only that it is one: beside an address, a log must not tell which patient was where. Nor a
 * hash of it, which would tie together all that one patient did and where from. The request's name leads to its event,
 * for whoever may read that.
 */
function callerOf(request: GuardedRequest): string | undefined {
  const { principal } = request;
  return principal?.patientId ? 'wallet' : principal?.clientId;
}

function connectTransport(
  app: NestFastifyApplication,
  service: string,
  transport: Transport,
  log: Logger,
  metrics: Metrics,
): void {
  if (transport === 'none') return;
  const strategy = new JetStreamStrategy({
    bus: app.get(Bus, { strict: false }),
    service,
    ...(transport === 'events' ? eventsOf(app, service, log, metrics) : {}),
    // Requests are many: bridge is asked for each MiB of a record that leaves.
    onDone: ({ what, ...done }) => {
      metrics.busSeconds.observe({ what, subject: done.subject }, done.ms / 1_000);
      log[what === 'event' ? 'info' : 'debug'](done, `${what} done`);
    },
    onFailure: (subject, error, outcome) => {
      metrics.busFailures.inc({ subject, outcome });
      const level = outcome === 'reject' || toAppError(error).kind === 'bug' ? 'error' : 'warn';
      log[level]({ subject, outcome, ...errorLine(error) }, 'message failed');
    },
  });
  app.connectMicroservice({ strategy }, { inheritAppConfig: true });
}

/** The hospital's stream, where its dead letters go, and who hears that it was lost. */
function eventsOf(
  app: NestFastifyApplication,
  service: string,
  log: Logger,
  metrics: Metrics,
): Pick<StrategyOptions, 'streamSubjects' | 'onDeadLetter' | 'onLoss'> {
  const changes = app.get(Changes, { strict: false });
  consumerFigure(metrics, app.get(Bus, { strict: false }), service);
  return {
    streamSubjects: hospitalEventSubjects,
    onDeadLetter: async (letter) => {
      metrics.deadLetters.inc();
      await changes.tell({ type: messageDeadLettered(service), ...deadLetterBody(letter) });
    },
    onLoss: async (loss) => {
      metrics.busLosses.inc({ what: loss });
      log.error({ stream: eventStream, consumer: service, lost: loss }, 'lost on the bus and made anew');
      const details = { stream: eventStream, consumer: service };
      await changes.tell({ type: lostOnBus(service, loss), correlation: `bus-${service}`, details });
    },
  };
}

/** Appends the event of a dead letter. It names the message by id, producer and place; the message's details stay where they were logged. */
function deadLetterBody({ event, ...letter }: DeadLetter): { correlation: string; details: Record<string, unknown> } {
  const origin = event === undefined ? {} : { eventId: event.id, producer: event.producer, seq: event.seq };
  return { correlation: event?.correlation ?? `stream-${letter.streamSeq}`, details: { ...letter, ...origin } };
}
