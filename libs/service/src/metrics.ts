import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** A process's metrics. Labels hold routes, states and party names, never an id. */
export class Metrics {
  readonly registry = new Registry();
  readonly httpSeconds: Histogram<'method' | 'route' | 'status'>;
  readonly busLosses: Counter<'what'>;

  constructor(service: string, party: string) {
    this.registry.setDefaultLabels({ service, party });
    collectDefaultMetrics({ register: this.registry });
    this.httpSeconds = new Histogram({
      name: 'cpds_http_request_seconds',
      help: 'time from request to end of response',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
      registers: [this.registry],
    });
    this.busLosses = new Counter({
      name: 'cpds_bus_losses_total',
      help: 'event streams and consumers that were lost while this process was reading them',
      labelNames: ['what'],
      registers: [this.registry],
    });
  }
}
