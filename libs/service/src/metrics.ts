import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { gaugeOf, type Reading } from '@cpds/store';
import { version } from './version.js';

/**
 * A process's figures. Labels hold routes, states, nicknames of chains and names of parties, never an id. All of them
 * are listed in docs/metrics.md.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly httpSeconds: Histogram<'method' | 'route' | 'status'>;
  readonly busSeconds: Histogram<'what' | 'subject'>;
  readonly busFailures: Counter<'subject' | 'outcome'>;
  readonly busLosses: Counter<'what'>;
  readonly deadLetters: Counter;
  readonly receiptSeconds: Histogram<'outcome'>;

  constructor(
    service: string,
    party: string,
    private readonly onError: (error: unknown) => void,
  ) {
    this.registry.setDefaultLabels({ service, party });
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    new Gauge({ name: 'cpds_build_info', help: '1, by version', labelNames: ['version'], registers }).set(
      { version },
      1,
    );
    this.httpSeconds = new Histogram({
      name: 'cpds_http_request_seconds',
      help: 'time from request to end of response',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    });
    this.busSeconds = new Histogram({
      name: 'cpds_bus_message_seconds',
      help: 'time that a request or event took until its answer or settlement',
      labelNames: ['what', 'subject'],
      buckets: [0.002, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    });
    this.busFailures = new Counter({
      name: 'cpds_bus_failures_total',
      help: 'messages whose handler failed: `retry` comes again, `reject` does not',
      labelNames: ['subject', 'outcome'],
      registers,
    });
    this.busLosses = new Counter({
      name: 'cpds_bus_losses_total',
      help: 'event streams and consumers that were lost while they were read',
      labelNames: ['what'],
      registers,
    });
    this.deadLetters = new Counter({
      name: 'cpds_bus_dead_letters_total',
      help: 'events that were given up; each is an event of its own in the log',
      registers,
    });
    this.receiptSeconds = new Histogram({
      name: 'cpds_receipt_wait_seconds',
      help: 'time that a disclosure waited for its receipt; `withheld`: in vain',
      labelNames: ['outcome'],
      buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
      registers,
    });
  }

  /** Keeps a figure that is read when somebody asks; one that cannot be read is left out. */
  gauge(name: string, help: string, labelNames: readonly string[], read: () => Promise<readonly Reading[]>): void {
    gaugeOf({ name, help, labelNames, registry: this.registry, onError: this.onError }, read);
  }
}
