import { participants } from '@cpds/local';
import { invalid } from '@cpds/errors';
import { status } from '../commands/lifecycle.commands.js';
import { exitCodes } from '../commands/output.js';
import { databaseFindings } from './database.js';
import { type Finding, findingsOf } from './findings.js';
import { look } from './observation.js';

export interface DoctorOptions {
  /** the consortium's folder, whose processes are looked at if none is named */
  readonly dir: string;
  /** `name=url`, of each process's port for `/readyz` and `/metrics` */
  readonly process: readonly string[];
  /** Postgres URLs without a password, which pg takes from PGPASSWORD or ~/.pgpass */
  readonly database: readonly string[];
}

export interface Diagnosis {
  /** names of what was looked at */
  readonly looked: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Looks at every process and database that is named, or at the processes of a local consortium.
 *
 * @throws AppError `bad-process`, `bad-database`, `not-running`
 */
export async function doctor({ dir, process, database }: DoctorOptions): Promise<Diagnosis> {
  const databases = database.map(databaseOf);
  const processes = process.length + database.length > 0 ? process.map(processOf) : await localProcesses(dir);
  const seen = await Promise.all(processes.map(({ name, url }) => look(name, url)));
  const stores = await Promise.all(databases.map(({ href }) => databaseFindings(href)));
  const looked = [...processes.map(({ name }) => name), ...databases.map(({ host }) => `database ${host}`)];
  return { looked, findings: [...findingsOf(seen, Date.now() / 1_000), ...stores.flat()] };
}

/** 4 when something is wrong now; what may become so later is told and does not fail. */
export const doctorExitCode = ({ findings }: Diagnosis): number =>
  findings.some(({ severity }) => severity === 'wrong') ? exitCodes.damaged : exitCodes.ok;

/** A line a finding, and below it what to do. */
export function diagnosisWords({ looked, findings }: Diagnosis): string {
  const lines = findings.flatMap(({ of, severity, what, remedy }) => [
    `${severity === 'wrong' ? 'WRONG' : 'soon '}  ${of}: ${what}`,
    `       ${remedy}`,
  ]);
  const wrong = findings.filter(({ severity }) => severity === 'wrong').length;
  return [...lines, `looked at ${looked.length}: ${wrong} wrong, ${findings.length - wrong} to look at soon`].join(
    '\n',
  );
}

function processOf(text: string): { name: string; url: string } {
  const [, name, url] = /^([a-z0-9.-]+)=(https?:\/\/.+?)\/?$/.exec(text) ?? [];
  if (name === undefined || url === undefined || !URL.canParse(url))
    throw invalid('bad-process', '--process', 'must be name=url, e.g. audit=http://audit:9090');
  return { name, url };
}

/** Everybody on a machine can read the arguments of a process, so a password among them is refused, and not repeated. */
function databaseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.host === '' || url.password !== '')
    throw invalid(
      'bad-database',
      '--database',
      'must be postgres://user@host/database; its password comes from PGPASSWORD or ~/.pgpass',
    );
  return url;
}

/** Processes that should run and do not are looked at too, and do not answer. */
async function localProcesses(dir: string): Promise<{ name: string; url: string }[]> {
  const running = new Map((await status(dir)).map(({ name, url }) => [name, url]));
  return participants.map(({ name }) => ({ name, url: running.get(name) ?? 'http://127.0.0.1:1' }));
}
