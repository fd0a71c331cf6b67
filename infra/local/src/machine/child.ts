import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processId, signal } from './process-id.js';
import type { ProcessId } from './process-id.js';

/** What to start. Output of both streams is appended to `logFile`. */
export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  /** The whole environment of the child; nothing is inherited unless given. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Sent one after another, each after the grace of the one before, and at last SIGKILL. Default SIGTERM alone. */
  readonly stopSignals?: readonly NodeJS.Signals[];
  /** Called as soon as the process exists, before it is ready: from here on somebody has to stop it. */
  readonly onStart?: ((child: Child) => void) | undefined;
}

/** A running child process. */
export interface Child {
  readonly name: string;
  readonly id: ProcessId;
  readonly logFile: string;
  readonly stopSignals: readonly NodeJS.Signals[];
  /** Resolves when it has ended, however it ended. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** True until it has ended. */
  isAlive(): boolean;
  /** Sends the stop signals, waits `graceMs` (10 s) after each, then kills. Safe to repeat. */
  stop(graceMs?: number): Promise<void>;
  /** kill -9 and wait until it is gone. */
  kill(): Promise<void>;
}

/**
 * Starts a process in a process group of its own, so that Ctrl-C in a terminal reaches only the launcher, which then stops its children in order.
 *
 * @throws Error the command could not be started at all
 */
export async function startChild(spec: ChildSpec): Promise<Child> {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  const log = openSync(spec.logFile, 'a', 0o600);
  const running = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: spec.env,
    uid: spec.uid,
    gid: spec.gid,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    running.once('exit', (code, name) => resolve({ code, signal: name }));
  });
  await new Promise<void>((resolve, reject) => {
    running.once('spawn', resolve);
    running.once('error', (cause) =>
      reject(new Error(`${spec.name}: ${spec.command} could not start: ${cause.message}`)),
    );
  });
  const pid = running.pid as number;
  const id = processId(pid) ?? { pid, startedAt: 'gone' };
  let alive = true;
  void exited.then(() => {
    alive = false;
  });
  const stopSignals = spec.stopSignals ?? ['SIGTERM'];
  const child: Child = {
    name: spec.name,
    id,
    logFile: spec.logFile,
    stopSignals,
    exited,
    isAlive: () => alive,
    async stop(graceMs = 10_000) {
      const over = new AbortController();
      void exited.then(() => over.abort());
      for (const next of stopSignals) {
        if (!alive) return;
        signal(id, next);
        await delay(graceMs, undefined, { signal: over.signal }).catch(() => undefined);
      }
      await this.kill();
    },
    async kill() {
      if (alive) signal(id, 'SIGKILL');
      await exited;
    },
  };
  spec.onStart?.(child);
  return child;
}

/**
 * Polls `probe` every `pollMs` until it answers true.
 *
 * @throws Error the child ended first, or `timeoutMs` passed; the message holds the last lines of its log
 */
export async function waitUntilReady(
  child: Child,
  probe: () => Promise<boolean>,
  timeoutMs = 60_000,
  pollMs = 50,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (!child.isAlive()) throw new Error(`${child.name} ended before it was ready: ${await lastLines(child.logFile)}`);
    if (await probe()) return;
    if (Date.now() > deadline)
      throw new Error(`${child.name} was not ready after ${timeoutMs / 1000} s: ${await lastLines(child.logFile)}`);
    await delay(pollMs);
  }
}

/** The end of a log file, for error messages. */
export async function lastLines(logFile: string, lines = 15): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch((cause: Error) => `(no log: ${cause.message})`);
  return `\n${text.trimEnd().split('\n').slice(-lines).join('\n')}`;
}

/** True when the URL answers with a 2xx status within a second. */
export async function answersOk(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    (response) => response.body?.cancel().then(() => response.ok) ?? response.ok,
    () => false,
  );
}
