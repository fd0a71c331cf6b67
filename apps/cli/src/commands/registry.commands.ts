import { resolve } from 'node:path';
import type { Disabled, IdentityClient } from '@cpds/client';
import { invalid } from '@cpds/errors';
import { hospitals, type Report, reportToStderr } from '@cpds/local';
import type { ClientView, ClinicianView, Department } from '@cpds/messages';
import { attach } from '../consortium/launch.js';

/** Entries of one of identity's lists, in its order. */
export interface Listed<T> {
  readonly entries: readonly T[];
  /** what `--after` takes to go on; null where the list ends */
  readonly next: string | null;
}

/** From where a list is read, and how far. */
export interface ListOptions {
  /** the `next` of an earlier answer */
  readonly after?: string;
  /** pages of a hundred to read at most */
  readonly pages: number;
}

/** Backends or wallets of a hospital. @throws AppError `unknown-hospital`, `not-running` */
export async function clientsList(
  dir: string,
  hospital: string,
  { kind, ...options }: ListOptions & { kind: 'backend' | 'wallet' },
): Promise<Listed<ClientView>> {
  const identity = await identityOf(dir, hospital);
  return listThrough(options, reportToStderr, async (after) => {
    const { clients, next } = await identity.clients({ kind, ...(after !== undefined && { after }) });
    return { entries: clients, next };
  });
}

/** Departments of a hospital. @throws AppError `unknown-hospital`, `not-running` */
export async function departmentsList(
  dir: string,
  hospital: string,
  options: ListOptions,
): Promise<Listed<Department>> {
  const identity = await identityOf(dir, hospital);
  return listThrough(options, reportToStderr, async (after) => {
    const { departments, next } = await identity.departments(after === undefined ? {} : { after });
    return { entries: departments, next };
  });
}

/** Clinicians of a hospital, or of one of its departments. @throws AppError `unknown-hospital`, `not-running` */
export async function cliniciansList(
  dir: string,
  hospital: string,
  { department, ...options }: ListOptions & { department?: string },
): Promise<Listed<ClinicianView>> {
  const identity = await identityOf(dir, hospital);
  return listThrough(options, reportToStderr, async (after) => {
    const { clinicians, next } = await identity.clinicians({
      ...(department !== undefined && { departmentId: department }),
      ...(after !== undefined && { after }),
    });
    return { entries: clinicians, next };
  });
}

/** The clinician of a registration. @throws AppError `unknown-hospital`, `not-running`, `clinician-unknown` */
export async function cliniciansFind(dir: string, hospital: string, registration: string): Promise<ClinicianView> {
  return (await identityOf(dir, hospital)).matchClinician(registration);
}

/** Whether something of a hospital is disabled now. */
export interface Disablement {
  readonly hospital: string;
  readonly id: string;
  readonly isDisabled: boolean;
}

/** Disables a client, a department or a clinician. @throws AppError `unknown-hospital`, `not-running`, those of `IdentityClient.disable` */
export async function disable(dir: string, hospital: string, of: Disabled, id: string): Promise<Disablement> {
  await (await identityOf(dir, hospital)).disable(of, id);
  return { hospital, id, isDisabled: true };
}

/** Takes a disablement back. @throws AppError as `disable` */
export async function enable(dir: string, hospital: string, of: Disabled, id: string): Promise<Disablement> {
  await (await identityOf(dir, hospital)).enable(of, id);
  return { hospital, id, isDisabled: false };
}

/** Reads a list page by page until it ends or `pages` are read, and says after each how many entries it has. */
export async function listThrough<T>(
  { after, pages }: ListOptions,
  report: Report,
  page: (after: string | undefined) => Promise<Listed<T>>,
): Promise<Listed<T>> {
  const entries: T[] = [];
  let next = after ?? null;
  for (let read = 1; ; read++) {
    const one = await page(next ?? undefined);
    entries.push(...one.entries);
    next = one.next;
    if (next === null || read >= pages) return { entries, next };
    report(`${entries.length} entries read`);
  }
}

/** A list in words: a line for each entry, and how to go on. */
export function listWords<T>({ entries, next }: Listed<T>, line: (entry: T) => string): string {
  return [...entries.map(line), ...(next === null ? [] : [`there are more: --after '${next}'`])].join('\n');
}

const since = (disabledAt: string | null): string => (disabledAt === null ? '' : `  disabled since ${disabledAt}`);

/** A client, its scopes and departments, in a line. */
export function clientWords({ clientId, scopes, departments, disabledAt }: ClientView): string {
  const bound = departments === 'whole-hospital' ? departments : departments.join(' ') || 'no department';
  return `${clientId}  ${scopes.join(' ')}  ${bound}${since(disabledAt)}`;
}

/** A department in a line. */
export function departmentWords({ departmentId, name, isDisabled }: Department): string {
  return `${departmentId}  ${name}${isDisabled ? '  disabled' : ''}`;
}

/** A clinician in a line. */
export function clinicianWords({ clinicianId, departmentId, disabledAt }: ClinicianView): string {
  return `${clinicianId}  department ${departmentId}${since(disabledAt)}`;
}

/** What was done, in words. */
export function disablementWords({ hospital, id, isDisabled }: Disablement): string {
  return `${hospital}: ${id} is ${isDisabled ? 'disabled' : 'enabled'}`;
}

async function identityOf(dir: string, hospital: string): Promise<IdentityClient> {
  const one = hospitals.find((name) => name === hospital);
  if (one === undefined)
    throw invalid('unknown-hospital', 'hospital', `there is no such hospital; there are: ${hospitals.join(', ')}`);
  const { backends } = await attach(resolve(dir), reportToStderr);
  return backends[one].identity;
}
