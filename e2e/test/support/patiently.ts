import { waitFor, type ShareResult } from '@cpds/cli';
import { finishShare, release, waitForState } from '@cpds/cli';
import { AppError } from '@cpds/errors';
import type { GivenConsent, TimePolicy } from '@cpds/wallet';
import { patience, type Patient, type Stage } from './stage.js';

/** Repeats calls that fail because a process is down: it refuses connections, or ended while it answered. */
export function patiently<T>(what: string, work: () => Promise<T>, withinMs = 150_000): Promise<T> {
  return waitFor(
    what,
    () =>
      work().catch((cause: unknown) => {
        if (isInterruption(cause)) return null;
        throw cause;
      }),
    withinMs,
    250,
  );
}

function isInterruption(cause: unknown): boolean {
  if (cause instanceof AppError) return cause.kind === 'unavailable';
  // The error of undici when the connection ends in the middle of a body.
  return cause instanceof TypeError && /terminated|fetch failed/.test(cause.message);
}

/** Asks and consents while either bridge may be killed: looks up a consent whose answer was lost, and never consents twice. */
export async function askPatiently(
  stage: Stage,
  patient: Patient,
  policy: TimePolicy = patience,
): Promise<{ given: GivenConsent; startedAt: number }> {
  const requestId = await patiently('the request', () => stage.request(patient));
  const request = await patiently('the request at the wallet', () => patient.holder.request(requestId));
  const startedAt = Date.now();
  const given = await patiently('the consent', async () => {
    const { state, grantId } = await stage.world.backends.north.bridge.request(requestId);
    if (state === 'requested') {
      const review = await patient.holder.review(request, await patient.holder.deedOf(patient.recordId));
      return patient.holder.consent(review, policy);
    }
    const known = patient.holder.file.grants.find((one) => one.grantId === grantId);
    if (known === undefined)
      throw new Error(`the request ${requestId} is ${state} with a grant the wallet did not give`);
    return { grantId: known.grantId as `0x${string}`, grant: known.grant, ringSize: 16, ringReal: 0 };
  });
  return { given, startedAt };
}

/** Goes on from the consent to the compared bytes while anything may be killed. */
export async function finishPatiently(
  stage: Stage,
  patient: Patient,
  { given, startedAt }: { given: GivenConsent; startedAt: number },
): Promise<ShareResult> {
  const { world } = stage;
  await patiently('the mapping', () =>
    waitForState(world, 'south', given.grantId, ['mapped', 'released', 'opened'], 150_000),
  );
  await patiently('the release', () => release(world, given.grantId));
  return patiently('the opened record', () => finishShare(world, patient.file, given, startedAt));
}
