import { Gauge, type Registry } from 'prom-client';

/** One value of a figure, under its labels. */
export interface Reading {
  readonly value: number;
  /** routes, states, nicknames of chains, names of parties; never an id */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface GaugeOptions {
  readonly name: string;
  readonly help: string;
  /** default none */
  readonly labelNames?: readonly string[];
  /** where the figure is kept */
  readonly registry: Registry;
  readonly onError: (error: unknown) => void;
}

/**
 * Keeps a figure that is read when somebody asks for it. One that cannot be read is left out, so that an alarm sees it
 * gone instead of a value of before, and all others are answered.
 */
export function gaugeOf(options: GaugeOptions, read: () => Promise<readonly Reading[]>): void {
  const { name, help, labelNames = [], registry, onError } = options;
  new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    async collect() {
      this.reset();
      // A figure without labels would be 0 until it is read.
      if (labelNames.length === 0) this.remove();
      try {
        for (const { labels = {}, value } of await read()) this.set(labels, value);
      } catch (error) {
        onError(error);
      }
    },
  });
}
