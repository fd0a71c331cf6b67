import { toAppError } from '@cpds/errors';

/** Exit codes of `cpds`; `damaged`: it worked, and found something wrong. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notRunning: 3, damaged: 4 } as const;

/** The exit code of a main job that came to its end. */
export const exitCodeOf = ({ ok }: { readonly ok: boolean }): number => (ok ? exitCodes.ok : exitCodes.failed);

/** Prints a result: as one JSON document with `--json`, else in words. */
export function print(isJson: boolean, value: unknown, words: () => string): void {
  process.stdout.write(`${isJson ? JSON.stringify(value, null, 2) : words()}\n`);
}

/** Prints the failure to standard error and sets the exit code. Prints the stack of a bug, which its report needs. */
export function fail(isJson: boolean, thrown: unknown): void {
  const error = toAppError(thrown);
  const { code, kind, message, field } = error;
  if (isJson)
    process.stdout.write(`${JSON.stringify({ ok: false, error: { code, kind, message, field } }, null, 2)}\n`);
  const cause = error.cause instanceof Error ? error.cause : thrown instanceof Error ? thrown : error;
  process.stderr.write(`${kind === 'bug' ? (cause.stack ?? cause.message) : `${message} (${code})`}\n`);
  process.exitCode =
    code === 'not-running' ? exitCodes.notRunning : kind === 'invalid' ? exitCodes.usage : exitCodes.failed;
}
