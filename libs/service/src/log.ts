import type { LoggerService } from '@nestjs/common';
import { requestNow } from '@cpds/bus';
import { type AppError, toAppError } from '@cpds/errors';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * Names whose values never reach a log line, at any depth. The first defence is that bodies, headers and query strings
 * are not logged at all.
 */
const redacted = [
  'authorization',
  'password',
  'secret',
  'token',
  'kek',
  'seed',
  'privateKey',
  'fileKey',
  'code',
  'identifier',
];

/** JSON lines, by default to standard output: time, level, service, party, message, and the request that the work belongs to. */
export function createLog(
  service: string,
  party: string,
  level: string,
  destination: DestinationStream = pino.destination(1),
): Logger {
  const options: LoggerOptions = {
    level,
    base: { service, party },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: requestNow,
    redact: {
      paths: redacted.flatMap((name) => [`details.${name}`, `*.details.${name}`, `request.${name}`]),
      censor: '[gone]',
    },
  };
  return pino(options, destination);
}

/** What a log may say of an error: never the message of its cause, since a foreign message may quote data; the stack only for bugs. */
export function errorLine(thrown: unknown): Record<string, unknown> {
  const error: AppError = toAppError(thrown);
  const cause = error.cause instanceof Error ? { name: error.cause.name, ...codeOf(error.cause) } : undefined;
  return {
    code: error.code,
    kind: error.kind,
    reason: error.message,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.culprit === undefined ? {} : { culprit: error.culprit }),
    ...(cause === undefined ? {} : { cause }),
    ...(error.kind === 'bug' ? { at: framesOf(error.cause instanceof Error ? error.cause : error) } : {}),
  };
}

function codeOf(error: Error): { code?: string } {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? { code } : {};
}

/** The stack without its first line, which repeats the message. */
function framesOf(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 8)
    .map((line) => line.trim());
}

/** Writes Nest's own lines in the same form. */
export function nestLogger(log: Logger): LoggerService {
  const line =
    (level: 'info' | 'warn' | 'error' | 'debug') =>
    (message: unknown, ...rest: unknown[]) => {
      const context = rest.at(-1);
      const text = message instanceof Error ? errorLine(message) : { message: String(message) };
      log[level]({ ...(typeof context === 'string' ? { context } : {}), ...text });
    };
  return { log: line('debug'), error: line('error'), warn: line('warn'), debug: line('debug'), verbose: line('debug') };
}
