import { release, waitFor, waitForState } from '@cpds/cli';
import { AppError } from '@cpds/errors';
import { storemen } from '@cpds/local';
import { HomeAnswer, RevocationAnswer, type TransferView } from '@cpds/messages';
import { HttpClient } from '@cpds/client';
import { eventsOf } from '../support/chain.js';
import { askPatiently } from '../support/patiently.js';
import { rowsOf } from '../support/database.js';
import type { Stage } from '../support/stage.js';

/** Ends of a grant that the main job does not show: revoked before there is a lock, given back by B, denied by the patient. */
export function revokeSuite(stageOf: () => Stage): void {
  describe('a grant that ends', () => {
    it('by a revoke before its lock is refused by its chain for ever and by every storeman, though south hears of it late', async () => {
      const stage = stageOf();
      const { world, launched } = stage;
      const patient = stage.patients.revoking;
      // Without south's answer north does not lock. The patient revokes at a storeman, who has never heard of the grant.
      const requestId = await stage.request(patient);
      const request = await patient.holder.request(requestId);
      await world.consortium.killProcess('bridge.south');
      const review = await patient.holder.review(request, await patient.holder.deedOf(patient.recordId));
      const { grantId } = await patient.holder.consent(review, { extraLockSeconds: 120, extraMintSeconds: 0 });
      const revoked = await patient.holder.revoke(grantId, [await world.consortium.urlOf('storeman-4')]);
      expect(revoked.confirmedBy).toContain('storeman-4');
      expect((await closedView(stage, 'north', grantId)).closeReason).toBe('revoked');
      await launched.restart(['bridge.south']);
      // North may still send the grant, and lockBefore is far away: every party that could act on it must know of the
      // revocation. South knows the grant once it comes; at storemen, who see no lock, the statement rests.
      await waitFor('south to hold the revoke', async () => {
        const sql = 'SELECT state, close_reason FROM transfer WHERE grant_id = $1 AND statement IS NOT NULL';
        const [row] = await rowsOf<{ state: string; close_reason: string }>(world, 'bridge.south', sql, [grantId]);
        return (row?.close_reason === 'revoked' && ['closing', 'closed'].includes(row.state)) || null;
      });
      for (const name of storemen)
        await waitFor(`${name} to hold the revoke`, async () => {
          const sql = 'SELECT signature FROM resting_statement WHERE grant_id = $1';
          return (await rowsOf(world, name, sql, [grantId])).length === 1 || null;
        });
      expect(await eventsOf(world, grantId)).toMatchObject({ locked: 0, lockVoided: 1, mapped: 0 });
    }, 300_000);

    it('by being given back is closed on both chains, and nobody serves it any more', async () => {
      const stage = stageOf();
      const { world } = stage;
      const { holder, recordId } = stage.patients.revoking;
      const before = await holder.deedOf(recordId);
      const { given } = await askPatiently(stage, stage.patients.revoking);
      const { grantId } = given;
      await waitForState(world, 'south', grantId, ['mapped'], 150_000);
      expect((await release(world, grantId)).outcome).toBe('released');
      const { tokens } = world.backends.south;
      const south = new HttpClient({ baseUrl: await world.consortium.urlOf('bridge.south'), tokens });
      const answer = await south.post(`grants/${grantId}/give-back`, {}, RevocationAnswer);
      expect(answer).toMatchObject({ from: 'south', answer: { grantId, verdict: 'revoked' } });
      for (const hospital of ['north', 'south'] as const) {
        const view = await closedView(stage, hospital, grantId);
        expect({ hospital, reason: view.closeReason }).toEqual({ hospital, reason: 'given-back' });
      }
      expect(await eventsOf(world, grantId)).toMatchObject({ locked: 1, lockClosed: 1, mapped: 1, mappingClosed: 1 });
      await expect(
        world.backends.south.recordsHttp.raw('GET', `grants/${grantId}/record`, {}, {}),
      ).rejects.toMatchObject({
        status: 410,
      });
      const home = await world.backends.south.recordsHttp.post(`grants/${grantId}/home-answer`, {}, HomeAnswer);
      expect(home.status).toBe(410);
      expect(await refusedRelease(stage, grantId)).toEqual([...storemen]);
      // The key was out: north seals the record anew, and only the new deed can be consented to from now on.
      await waitFor('the record to be sealed anew', async () => {
        const deed = await holder.deedOf(recordId).catch((cause: unknown) => {
          // between the old deed's end and the new one's finality there is none
          if (cause instanceof AppError && cause.kind === 'missing') return null;
          throw cause;
        });
        return deed && deed.commitment !== before.commitment ? deed : null;
      });
    }, 300_000);

    it('by a denial does not begin: south is told no more than before, and the patient cannot consent any more', async () => {
      const stage = stageOf();
      const patient = stage.patients.revoking;
      const requestId = await stage.request(patient);
      const request = await patient.holder.request(requestId);
      await patient.holder.deny(requestId);
      const review = await patient.holder.review(request, await patient.holder.deedOf(patient.recordId));
      await expect(patient.holder.consent(review)).rejects.toMatchObject({
        code: 'request-over',
        kind: 'conflict',
      });
      expect(await stage.world.backends.south.bridge.request(requestId)).toMatchObject({
        state: 'requested',
        grantId: null,
      });
      const rows = await rowsOf(
        stage.world,
        'bridge.north',
        'SELECT state FROM transfer WHERE id = $1 AND grant_id IS NULL',
        [requestId],
      );
      expect(rows).toEqual([{ state: 'requested' }]);
    }, 60_000);
  });
}

function closedView({ world }: Stage, hospital: 'north' | 'south', grantId: string): Promise<TransferView> {
  return waitFor(
    `${grantId} to be closed at ${hospital}`,
    async () => {
      const view = await world.backends[hospital].bridge.transfer(grantId);
      return view.state === 'closed' ? view : null;
    },
    120_000,
  );
}

/** Names of the storemen that refuse to release, each by its own signed answer; south asks again until all have answered. */
function refusedRelease({ world }: Stage, grantId: string): Promise<string[]> {
  return waitFor('a signed refusal of every storeman', async () => {
    const outcome = await world.backends.south.bridge.open(grantId);
    if (outcome.outcome === 'released') throw new Error(`${grantId} is released after its end`);
    if (outcome.outcome !== 'refused') return null;
    const from = outcome.answers.filter(({ answer }) => answer.verdict === 'revoked').map((one) => one.from);
    return new Set(from).size === storemen.length ? [...new Set(from)].sort() : null;
  });
}
