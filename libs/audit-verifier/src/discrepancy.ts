import type { NoAnswer } from './requests.js';

/** One thing that does not hold, with what an operator needs to find it. */
export interface Discrepancy {
  /** Stable name, e.g. `entry-altered`. */
  readonly code: string;
  /** Party whose log or chain it is about. */
  readonly party: string;
  /** First leaf it concerns, if it concerns one. */
  readonly leafIndex?: number;
  readonly grantId?: string;
  readonly message: string;
}

/**
 * What a verification came to. `violation`: somebody broke a promise. `unauthorised` and `unreachable`: something could
 * not be read, and nothing that was read is wrong.
 */
export type Verdict = 'holds' | 'violation' | 'unauthorised' | 'unreachable';

/** Codes that accuse nobody, and what they come to; every other code is a violation. */
const silences: ReadonlyMap<string, Verdict> = new Map([
  ['unreachable', 'unreachable'],
  ['chain-unreachable', 'unreachable'],
  ['unauthorised', 'unauthorised'],
  ['chain-unauthorised', 'unauthorised'],
]);

/** A violation outweighs what could not be read; what needs another token outweighs what needs another time. */
export function verdictOf(discrepancies: readonly Discrepancy[]): Verdict {
  const found = new Set(discrepancies.map(({ code }) => silences.get(code) ?? 'violation'));
  const order = ['violation', 'unauthorised', 'unreachable'] as const;
  return order.find((verdict) => found.has(verdict)) ?? 'holds';
}

/** A log that gave no answer, as a discrepancy. */
export function silentLog(party: string, { silence, message }: NoAnswer): Discrepancy {
  return { code: silence, party, message };
}

/** A chain's node that gave no answer, as a discrepancy. */
export function silentChain(party: string, { silence, message }: NoAnswer): Discrepancy {
  return { code: `chain-${silence}`, party, message };
}

/** Stops the verification of one log: what follows cannot be judged. */
export class LogRefused extends Error {
  constructor(readonly discrepancy: Discrepancy) {
    super(discrepancy.message);
    this.name = 'LogRefused';
  }
}
