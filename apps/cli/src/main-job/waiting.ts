import { setTimeout as delay } from 'node:timers/promises';
import { AppError, toAppError } from '@cpds/errors';

/**
 * Asks until the answer is there, every `everyMs` (100). A service that is away for a while is asked again.
 *
 * @throws AppError `waited-too-long` (unavailable) names what did not come, and is caused by the last question's failure if it
 * failed; whatever else a question threw
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | null | undefined>,
  withinMs = 60_000,
  everyMs = 100,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const { answer, cause } = await once(ask);
    if (answer !== null && answer !== undefined) return answer;
    if (Date.now() > deadline) {
      const why = cause === undefined ? '' : `: ${cause.message}`;
      const seconds = Math.round(withinMs / 1000);
      throw new AppError('waited-too-long', 'unavailable', `${what} did not come in ${seconds} s${why}`, { cause });
    }
    await delay(everyMs);
  }
}

async function once<T>(ask: () => Promise<T>): Promise<{ answer?: T; cause?: AppError }> {
  try {
    return { answer: await ask() };
  } catch (thrown) {
    const cause = toAppError(thrown);
    if (cause.kind !== 'unavailable') throw thrown;
    return { cause };
  }
}
