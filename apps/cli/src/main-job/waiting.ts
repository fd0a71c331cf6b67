import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@cpds/errors';

/**
 * Asks until the answer is there, every `everyMs` (100).
 *
 * @throws AppError `waited-too-long` names what did not come
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | null | undefined>,
  withinMs = 60_000,
  everyMs = 100,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined) return answer;
    if (Date.now() > deadline)
      throw new AppError('waited-too-long', 'unavailable', `${what} did not come in ${Math.round(withinMs / 1000)} s`);
    await delay(everyMs);
  }
}
