import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning, signal } from '../machine/process-id.js';
import type { ProcessId } from '../machine/process-id.js';

/** A started process as the pid file keeps it. Groups stop one after another, the highest first: services before the servers they use. */
export interface RunningProcess extends ProcessId {
  readonly name: string;
  readonly group: number;
  readonly stopSignals: readonly NodeJS.Signals[];
  readonly logFile: string;
}

const fileOf = (dir: string) => join(dir, 'running.json');

/** The processes in the pid file of this consortium that still run. Leaves out a pid that meanwhile belongs to another program. */
export function runningProcesses(dir: string): RunningProcess[] {
  return readList(dir).filter(isRunning);
}

/** Enters a process in the pid file, in place of an earlier one of its name. */
export function enterProcess(dir: string, process: RunningProcess): void {
  writeList(dir, [...readList(dir).filter(({ name }) => name !== process.name), process]);
}

/** Stops everything in the pid file, group by group; kills processes that do not end within `graceMs` of the last of their signals. */
export async function stopAll(dir: string, graceMs = 10_000): Promise<void> {
  const processes = runningProcesses(dir);
  const groups = [...new Set(processes.map(({ group }) => group))].sort((a, b) => b - a);
  for (const group of groups) {
    await Promise.all(processes.filter((one) => one.group === group).map((one) => stopProcess(one, graceMs)));
  }
  rmSync(fileOf(dir), { force: true });
}

/** Stops one process by its signals, `graceMs` after the last of them by force, and waits until it is gone. */
export async function stopProcess(process: RunningProcess, graceMs: number): Promise<void> {
  for (const next of [...process.stopSignals, 'SIGKILL'] as const) {
    signal(process, next);
    const deadline = Date.now() + graceMs;
    while (isRunning(process) && Date.now() < deadline) await delay(20);
  }
  while (isRunning(process)) await delay(20);
}

function readList(dir: string): RunningProcess[] {
  try {
    return JSON.parse(readFileSync(fileOf(dir), 'utf8')) as RunningProcess[];
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
}

function writeList(dir: string, list: readonly RunningProcess[]): void {
  writeFileSync(`${fileOf(dir)}.new`, JSON.stringify(list, null, 2));
  renameSync(`${fileOf(dir)}.new`, fileOf(dir));
}
