import { toAppError } from '@cpds/errors';
import { BoundedMap } from '../bounded-map.js';

/**
 * Reports an error of a poll once, and again only after `everyMs` without change: a chain that is away says the same
 * thing five times a second.
 */
export function onceInAWhile(
  report: (error: unknown) => void,
  everyMs = 10_000,
  now = Date.now,
): (error: unknown) => void {
  const reported = new BoundedMap<string, number>(100);
  return (error) => {
    const { code, message } = toAppError(error);
    const key = `${code} ${message}`;
    if (now() - (reported.get(key) ?? -everyMs) < everyMs) return;
    reported.set(key, now());
    report(error);
  };
}
