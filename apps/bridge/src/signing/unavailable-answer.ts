import { toAppError } from '@cpds/errors';

/**
 * Trouble of this node's own, said to the asker: it goes on with others and does not take silence for guilt. Everything
 * else is thrown on.
 */
export function unavailableAnswer(error: unknown): { outcome: 'unavailable'; reason: string } {
  const { kind, code, message } = toAppError(error);
  if (kind !== 'unavailable') throw error;
  return { outcome: 'unavailable', reason: `${code}: ${message}`.slice(0, 256) };
}
