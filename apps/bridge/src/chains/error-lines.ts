import { toAppError } from '@cpds/errors';

/**
 * Reports an error of a poll once, and again only after `everyMs` without change: a chain that is away says the same
 * thing five times a second.
 */
export function onceInAWhile(
  report: (error: unknown) => void,
  everyMs = 10_000,
  now = Date.now,
): (error: unknown) => void {
  const reported = new Map<string, number>();
  return (error) => {
    const { code, message } = toAppError(error);
    const key = `${code} ${message}`;
    if (now() - (reported.get(key) ?? -everyMs) < everyMs) return;
    if (reported.size >= 100) reported.clear();
    reported.set(key, now());
    report(error);
  };
}
