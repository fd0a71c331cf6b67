import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process named so that a recycled pid is never mistaken for it: the pid and the moment it started, as the system tells it. */
export interface ProcessId {
  readonly pid: number;
  /** Opaque: clock ticks since boot on Linux, the text of `ps -o lstart` elsewhere. */
  readonly startedAt: string;
}

/** The identity of a running process, or null when no such process runs (a zombie counts as gone). */
export function processId(pid: number): ProcessId | null {
  const startedAt = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** True while exactly this process runs. */
export function isRunning(id: ProcessId): boolean {
  return processId(id.pid)?.startedAt === id.startedAt;
}

/** Signals exactly this process; false when it is gone already. */
export function signal(id: ProcessId, name: NodeJS.Signals): boolean {
  if (!isRunning(id)) return false;
  try {
    return process.kill(id.pid, name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw cause;
  }
}

function fromProc(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw cause;
  }
  // The name in parentheses may hold spaces and parentheses itself, so fields are counted from the last one: state is the 3rd, starttime the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}

function fromPs(pid: number): string | null {
  try {
    const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return text === '' || text.startsWith('Z') ? null : text.replace(/^\S+\s+/, '');
  } catch (cause) {
    // `ps` exits 1 when no process matches; anything else is a broken machine.
    if ((cause as { status?: number }).status === 1) return null;
    throw cause;
  }
}
