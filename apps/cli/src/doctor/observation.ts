/** What can be seen of an installation from outside, with no secret but the databases' own. */

import { z } from 'zod';
import { parseFigures, type Seen } from './figures.js';

/** What was seen of one process. */
export interface ProcessSeen {
  readonly name: string;
  /** Null if it did not answer, and why. */
  readonly answer: ProcessAnswer | null;
  readonly silence?: string;
}

export interface ProcessAnswer {
  /** What it says of itself at `/readyz`: `ready`, `not-ready`, `starting`, `stopping`. */
  readonly status: string;
  /** Of each check that is not up: whether it makes the process unready, and why. */
  readonly faults: readonly { check: string; isDown: boolean; code: string; message: string }[];
  /** Its clock minus the own one, whole seconds. */
  readonly skewSeconds: number;
  readonly figures: readonly Seen[];
}

const Readiness = z.object({
  status: z.string(),
  checks: z.record(z.string(), z.enum(['up', 'down', 'alarm'])),
  reasons: z.record(z.string(), z.object({ code: z.string(), message: z.string() })),
});

/** A process that does not answer within so many milliseconds is away. */
const answerWithinMs = 5_000;

/** Asks `/readyz` and `/metrics` of a process; `url` is that of its own port for both, or of all its doors. */
export async function look(name: string, url: string): Promise<ProcessSeen> {
  const ask = (path: string) =>
    fetch(new URL(path, `${url}/`), { redirect: 'error', signal: AbortSignal.timeout(answerWithinMs) });
  try {
    const [readiness, metrics] = await Promise.all([ask('readyz'), ask('metrics')]);
    const { status, checks, reasons } = Readiness.parse(await readiness.json());
    const saidAt = Date.parse(readiness.headers.get('date') ?? '');
    const faults = Object.entries(checks)
      .filter(([, state]) => state !== 'up')
      .map(([check, state]) => ({ check, isDown: state === 'down', code: 'unknown', message: '', ...reasons[check] }));
    const skewSeconds = Number.isNaN(saidAt) ? 0 : Math.round((saidAt - Date.now()) / 1_000);
    return { name, answer: { status, faults, skewSeconds, figures: parseFigures(await metrics.text()) } };
  } catch (error) {
    const { message, cause } = error as Error;
    return { name, answer: null, silence: cause instanceof Error ? cause.message : message };
  }
}
