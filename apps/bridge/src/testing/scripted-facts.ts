/** Facts of one grant by script, for tests of what rests on them. */

import { FactsReader, type Facts } from '../transfers/facts.js';

/** The facts that the chains show to one node; a test changes them. */
export class ScriptedFacts extends FactsReader {
  facts: Facts;

  constructor(now: number) {
    super();
    this.facts = factsOf(now, 'locked', 'none');
  }

  gather(): Promise<Facts> {
    return Promise.resolve(structuredClone(this.facts));
  }
}

/** A lock at `now` − 10 whose vouches are final, and a mapping in this state. */
export function factsOf(
  now: number,
  lock: 'none' | 'locked' | 'revoked',
  mapping: 'none' | 'mapped',
  time = now,
): Facts {
  const block = (timestamp: number, hash: string) => ({ number: timestamp, hash: `0x${hash.repeat(64)}`, timestamp });
  return {
    now: time,
    home: {
      head: { block: block(time, '1'), status: lock },
      final: { block: block(time - 2, '2'), status: lock },
      written: { block: block(now - 10, '3'), tx: `0x${'4'.repeat(64)}` },
      tagUsed: true,
    },
    destination: {
      head: { block: block(time, '5'), status: mapping },
      final: { block: block(time - 2, '6'), status: mapping },
      ...(mapping === 'mapped' ? { written: { block: block(now, '7'), tx: `0x${'8'.repeat(64)}` } } : {}),
    },
    hub: { finalTime: time, vouched: true, ownVouch: false, paused: false, fresh: true },
    lockTx: 'missing',
    mintTx: 'missing',
    refundTx: 'missing',
  };
}
