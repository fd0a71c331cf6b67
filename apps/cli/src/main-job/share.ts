import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { piecesOf } from '@cpds/client';
import { AppError } from '@cpds/errors';
import type { OpenOutcome, RecordStatus, StoredRecord, TransferState, TransferView } from '@cpds/messages';
import type { GivenConsent, TimePolicy, WalletHolder } from '@cpds/wallet';
import type { World } from '../consortium/world.js';
import type { RecordFile } from './records-folder.js';
import { timesOf, type ShareTimes } from './share-times.js';
import { waitFor } from './waiting.js';

/** One record's way from a file at north to verified bytes at south. The report's `shares` holds these. */
export interface ShareResult extends ShareTimes {
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly openedSha256: string;
  readonly grantId: string;
  readonly lockTx: string | null;
  readonly mintTx: string | null;
  readonly lockGas: number | null;
  readonly mintGas: number | null;
}

/** Uploads a file to north as a stream, and checks that north's digest of it is that of the file. */
export async function upload(
  world: Pick<World, 'backends'>,
  patientId: string,
  file: RecordFile,
): Promise<StoredRecord> {
  const body = Readable.toWeb(createReadStream(file.path)) as ReadableStream<Uint8Array>;
  const stored = await world.backends.north.records.upload(
    patientId,
    file.category,
    file.contentType,
    body,
    file.sizeBytes,
  );
  if (stored.sha256 !== `0x${file.sha256}`)
    throw new AppError('upload-differs', 'bug', `north stored other bytes than ${file.name} holds`);
  return stored;
}

/** Waits until the record's deed stands in a final cohort. */
export function waitForDeed(world: Pick<World, 'backends'>, recordId: string): Promise<RecordStatus> {
  return waitFor(`the deed of record ${recordId}`, async () => {
    const stored = await world.backends.north.records.status(recordId);
    return stored.deed === 'current' ? stored : null;
  });
}

/** How the patient decides and how much time the grant gives. */
export interface ConsentOptions {
  /** Default: no more time than the steps need. */
  readonly policy?: TimePolicy;
  /** The patient reads the lines and says yes or no; default yes. */
  readonly decide?: (lines: readonly string[]) => Promise<boolean> | boolean;
}

/**
 * South's backend asks for a record of this patient; the patient reads what is asked and consents. A record that was
 * just sealed anew is asked for once its new deed is final.
 *
 * @returns `startedAt`: when the patient had decided, milliseconds since 1970
 * @throws AppError `patient-declined`
 */
export async function askAndConsent(
  world: World,
  departmentId: string,
  holder: WalletHolder,
  wanted: { patient: RecordFile['patient']; category: string; recordId: string },
  { decide = () => true, policy }: ConsentOptions = {},
): Promise<{ given: GivenConsent; startedAt: number }> {
  await waitForDeed(world, wanted.recordId);
  const { requestId } = await world.backends.south.bridge.ask({
    home: 'north',
    patient: wanted.patient,
    category: wanted.category,
    departmentId,
    purpose: 'TREAT',
    readForSeconds: 3_600,
  });
  const request = await holder.request(requestId);
  const review = await holder.review(request, await holder.deedOf(wanted.recordId));
  if (!(await decide(review.lines))) {
    await holder.deny(requestId);
    throw new AppError('patient-declined', 'denied', 'the patient said no: nobody is told before the request expires');
  }
  const startedAt = Date.now();
  return { given: await holder.consent(review, policy), startedAt };
}

/** Waits until a hospital's row of the grant is in one of these states. @throws AppError `grant-ended` when it closes instead */
export function waitForState(
  world: World,
  hospital: 'north' | 'south',
  grantId: string,
  states: readonly TransferState[],
  withinMs = 90_000,
): Promise<TransferView> {
  let seen: TransferState | undefined;
  return waitFor(
    `${states.join(' or ')} of ${grantId} at ${hospital}`,
    async () => {
      const view = await world.backends[hospital].bridge.transfer(grantId, seen, 10).catch(async (cause: unknown) => {
        if (!(cause instanceof AppError) || cause.kind !== 'missing') throw cause;
        // South hears of the grant by a datagram a moment after north took the consent, and checks it before it has a
        // row.
        await delay(300);
        return null;
      });
      if (view === null) return null;
      seen = view.state;
      if (states.includes(view.state)) return view;
      if (view.state === 'closed' || view.state === 'halted')
        throw new AppError(
          'grant-ended',
          'conflict',
          `${grantId} is ${view.state} (${view.closeReason ?? view.waitsFor}) at ${hospital}`,
        );
      return null;
    },
    withinMs,
    20,
  );
}

/** South asks the storemen for the key until they released it or refused. */
export function release(world: World, grantId: string): Promise<Exclude<OpenOutcome, { outcome: 'waiting' }>> {
  return waitFor(`the release of ${grantId}`, async () => {
    const outcome = await world.backends.south.bridge.open(grantId);
    return outcome.outcome === 'waiting' ? null : outcome;
  });
}

/** Reads the record at south as its backend would, hashing as it comes. */
export async function readOpened(world: World, grantId: string): Promise<{ sha256: string; sizeBytes: number }> {
  const response = await world.backends.south.recordsHttp.raw(
    'GET',
    `grants/${grantId}/record`,
    {},
    { timeoutMs: 300_000 },
  );
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const piece of piecesOf(response)) {
    hash.update(piece);
    sizeBytes += piece.length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/**
 * From consent to compared bytes.
 *
 * @throws AppError `opened-differs` south opened other bytes than the file holds; whatever a step threw
 */
export async function finishShare(
  world: World,
  file: RecordFile,
  given: GivenConsent,
  startedAt: number,
): Promise<ShareResult> {
  const { grantId } = given;
  await waitForState(world, 'south', grantId, ['mapped', 'released', 'opened']);
  const outcome = await release(world, grantId);
  if (outcome.outcome !== 'released') throw new AppError('not-released', 'denied', `the storemen refused ${grantId}`);
  const opened = await readOpened(world, grantId);
  const endedAt = Date.now();
  if (opened.sha256 !== file.sha256)
    throw new AppError('opened-differs', 'bug', `south opened other bytes than ${file.name} holds`);
  const [home, destination] = await Promise.all([
    world.backends.north.bridge.transfer(grantId),
    world.backends.south.bridge.transfer(grantId),
  ]);
  return {
    file: file.name,
    sizeBytes: file.sizeBytes,
    sha256: file.sha256,
    openedSha256: opened.sha256,
    grantId,
    lockTx: home.lockTx,
    mintTx: destination.mintTx,
    lockGas: home.lockGas,
    mintGas: destination.mintGas,
    ...timesOf(startedAt, endedAt, home, destination),
  };
}
