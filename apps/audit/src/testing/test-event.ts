import { randomBytes, randomUUID } from 'node:crypto';
import type { EventEnvelope } from '@cpds/messages';

/** An event that no other test has, of `producer` (`records.north`) in its own name. */
export function eventOf(producer: string, seq: number, over: Partial<EventEnvelope> = {}): EventEnvelope {
  return {
    id: randomUUID(),
    type: `${producer.split('.')[0]}.something-happened.v1`,
    producer,
    seq,
    at: new Date().toISOString(),
    correlation: 'request-1',
    salt: `0x${randomBytes(32).toString('hex')}`,
    details: { step: seq },
    ...over,
  };
}
