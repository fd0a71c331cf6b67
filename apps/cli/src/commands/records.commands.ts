import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordsClient } from '@cpds/client';
import { invalid } from '@cpds/errors';
import { hospitals, reportToStderr, type Hospital, type Report } from '@cpds/local';
import type { AgeIdentitiesView, ScrubView } from '@cpds/messages';
import { attach } from '../consortium/launch.js';
import { exitCodes } from './output.js';

/** A scrub at one hospital, ended. */
export interface ScrubResult extends ScrubView {
  readonly hospital: Hospital;
}

/** Between two looks at a scrub, milliseconds. */
const lookEveryMs = 500;

/**
 * Compares every object of a hospital with its row, or of all hospitals one after another, and waits for the end. A scrub
 * goes on at the hospital if this process is stopped; the next command shows the rest of it.
 *
 * @throws AppError `unknown-hospital`, `not-running`
 */
export async function recordsScrub(dir: string, hospital: string | undefined): Promise<ScrubResult[]> {
  const chosen = chosenOf(hospital);
  const { backends } = await attach(resolve(dir), reportToStderr);
  const results: ScrubResult[] = [];
  for (const one of chosen)
    results.push({
      hospital: one,
      ...(await scrubThrough(backends[one].operations, one, reportToStderr, lookEveryMs)),
    });
  return results;
}

/** A hospital's age identities, by their recipients. */
export interface KeysResult extends AgeIdentitiesView {
  readonly hospital: Hospital;
}

/**
 * Which age identities open what a hospital keeps, or all hospitals, and how far a rotation is.
 *
 * @throws AppError `unknown-hospital`, `not-running`
 */
export async function recordsKeys(dir: string, hospital: string | undefined): Promise<KeysResult[]> {
  const chosen = chosenOf(hospital);
  const { backends } = await attach(resolve(dir), reportToStderr);
  return Promise.all(
    chosen.map(async (one) => ({ hospital: one, ...(await backends[one].operations.ageIdentities()) })),
  );
}

/** The state of the keys, in words: how far a rotation is, and which former identity may go. */
export function keysWords(results: readonly KeysResult[]): string {
  return results
    .flatMap(({ hospital, current, former, unnamed, failing, rotation }) => [
      `${hospital}: sealed for ${current}`,
      ...former.map(({ recipient, isHeld, rows, mayBeRemoved }) =>
        [
          `  former ${recipient}`,
          isHeld ? 'held' : 'not in the key file',
          mayBeRemoved ? 'may be removed' : `${rows} rows need it`,
        ].join(', '),
      ),
      ...(rotation?.endedAt === null
        ? [`  rotation since ${rotation.begunAt}: ${rotation.done} of ${rotation.rows} rows done, ${failing} failing`]
        : []),
      ...(unnamed === 0 ? [] : [`  ${unnamed} rows name no identity yet`]),
    ])
    .join('\n');
}

function chosenOf(hospital: string | undefined): readonly Hospital[] {
  const chosen = hospitals.filter((one) => hospital === undefined || one === hospital);
  if (chosen.length === 0)
    throw invalid('unknown-hospital', 'hospital', `there is no such hospital; there are: ${hospitals.join(', ')}`);
  return chosen;
}

/** Begins a scrub, or takes the one under way, and reports its progress until it ends. */
export async function scrubThrough(
  records: Pick<RecordsClient, 'beginScrub' | 'scrub'>,
  hospital: string,
  report: Report,
  everyMs: number,
): Promise<ScrubView> {
  let view = await records.beginScrub();
  let reported = '';
  while (view.endedAt === null) {
    const line = `${hospital}: ${view.checked} of ${view.objects} objects compared, ${view.damaged} damaged`;
    if (line !== reported) report((reported = line));
    await delay(everyMs);
    view = await records.scrub(view.scrubId);
  }
  return view;
}

/** What scrubs found, in words: a line for each hospital and each damaged object. */
export function scrubWords(results: readonly ScrubResult[]): string {
  return results
    .flatMap(({ hospital, checked, bytes, damaged, unread, found }) => [
      `${hospital}: ${checked} objects compared (${bytes} bytes whole), ${damaged} damaged, ${unread} unread`,
      ...found.map(({ objectKey, recordId, part, foundAt }) =>
        [
          `  ${objectKey}`,
          part === 'object' ? 'is lost' : `has another ${part}`,
          `record ${recordId ?? 'of another hospital'}`,
          foundAt,
        ].join(', '),
      ),
    ])
    .join('\n');
}

/** 0 when every object is what its row says; what is damaged, or could not be read, has codes of its own. */
export function scrubExitCode(results: readonly ScrubResult[]): number {
  if (results.some(({ damaged }) => damaged > 0)) return exitCodes.damaged;
  return results.some(({ unread }) => unread > 0) ? exitCodes.failed : exitCodes.ok;
}
