import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { readFile } from 'node:fs/promises';
import { waitFor } from '@cpds/cli';
import { LockedAccount } from '@cpds/contracts';
import { toCurve } from '@cpds/crypto/curve';
import type { ShareRequest } from '@cpds/messages';
import { ConsentMaker } from '../support/bad-consent.js';
import { rpc } from '../support/chain.js';
import { countOf, rowsOf } from '../support/database.js';
import { objectsOf } from '../support/objects.js';
import type { Stage } from '../support/stage.js';

/** The answer of a route. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown>;
}

/** Wrong input is refused with a code and the field's name, in the format of the route, and changes nothing. */
export function badInputSuite(stageOf: () => Stage): void {
  const patientId = () => stageOf().patients.refused.holder.account.patientId;

  describe('a bad upload', () => {
    const uploads: { name: string; type: string; body: string; status: number; code: string; field: string }[] = [
      {
        name: 'an empty file',
        type: 'application/fhir+json',
        body: '',
        status: 400,
        code: 'body-empty',
        field: 'body',
      },
      {
        name: 'JSON that is no FHIR',
        type: 'application/fhir+json',
        body: '{"not":"fhir"}',
        status: 422,
        code: 'not-what-it-says',
        field: 'resourceType',
      },
      {
        name: 'FHIR of a type that does not exist',
        type: 'application/fhir+json',
        body: '{"resourceType":"Horoscope"}',
        status: 422,
        code: 'not-what-it-says',
        field: 'resourceType',
      },
      {
        name: 'text that is no JSON',
        type: 'application/fhir+json',
        body: 'resourceType: Bundle',
        status: 422,
        code: 'not-what-it-says',
        field: 'body',
      },
      {
        name: 'a DICOM file that is none',
        type: 'application/dicom',
        body: `${'\0'.repeat(128)}DICK${'\0'.repeat(64)}`,
        status: 422,
        code: 'not-what-it-says',
        field: 'body',
      },
      {
        name: 'a content type that is not taken',
        type: 'application/xml',
        body: '<record/>',
        status: 415,
        code: 'content-type-unknown',
        field: 'content-type',
      },
    ];
    it.each(uploads)(
      '$name is refused with an OperationOutcome that names $field, and leaves nothing',
      async ({ type, body, status, code, field }) => {
        const stage = stageOf();
        const before = await kept(stage);
        const answer = await uploadTo(stage, patientId(), type, body);
        expect(outcomeOf(answer)).toEqual({ status, code, field });
        expect(await kept(stage)).toEqual(before);
      },
    );

    it('that is cut off leaves nothing', async () => {
      const stage = stageOf();
      const before = await kept(stage);
      const whole = await readFile(stage.patients.refused.file.path);
      const url = new URL(`${await recordsUrl(stage)}/records?patient=${patientId()}&category=patient-summary`);
      const upload = httpRequest(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await stage.world.backends.north.tokens.token()}`,
          'content-type': 'application/fhir+json',
          'content-length': String(whole.length),
        },
      });
      const closed = new Promise<void>((resolve) => upload.once('close', () => resolve()));
      upload.on('error', () => undefined); // the connection that is cut below
      upload.write(whole.subarray(0, whole.length >> 1));
      // Cut once the service is at work on it, else no half-done work could be left.
      await waitFor(
        'the upload to begin',
        async () => ((await kept(stage)).pending > before.pending ? true : null),
        30_000,
        5,
      );
      upload.destroy();
      await closed;
      await waitFor(
        'the half upload to be gone',
        async () => ((await kept(stage)).pending === before.pending ? true : null),
        30_000,
      );
      expect(await kept(stage)).toEqual(before);
    }, 60_000);

    it('for a patient nobody knows names the patient', async () => {
      const answer = await uploadTo(
        stageOf(),
        randomUUID(),
        'application/fhir+json',
        '{"resourceType":"Bundle","type":"collection"}',
      );
      expect(outcomeOf(answer)).toEqual({ status: 404, code: 'unknown-patient', field: 'patient' });
    });
  });

  describe('a bad token or id', () => {
    it("of another hospital is refused at every door, in the door's own words", async () => {
      const stage = stageOf();
      const token = await stage.world.backends.south.tokens.token();
      for (const name of ['identity.north', 'bridge.north', 'audit.north'] as const) {
        const path = { 'identity.north': 'patients', 'bridge.north': 'requests', 'audit.north': 'anchor' }[name];
        const answer = await post(`${await stage.world.consortium.urlOf(name)}/${path}`, {}, token);
        expect({ name, status: answer.status, type: answer.type }).toEqual({
          name,
          status: 401,
          type: 'application/problem+json',
        });
      }
      const fhir = await get(`${await recordsUrl(stage)}/records/${randomUUID()}`, token);
      expect(fhir).toMatchObject({
        status: 401,
        type: 'application/fhir+json',
        body: { resourceType: 'OperationOutcome' },
      });
    });

    it('without the scope is refused and the scope named', async () => {
      const stage = stageOf();
      const token = await stage.world.backends.north.tokens.token();
      const answer = await get(`${await stage.world.consortium.urlOf('bridge.north')}/wallet/requests`, token);
      expect(problemOf(answer)).toEqual({ status: 403, code: 'scope-missing', field: 'scope' });
    });

    it('that nobody knows is said to be unknown', async () => {
      const stage = stageOf();
      const { consortium, backends } = stage.world;
      const token = await backends.north.tokens.token();
      const bridge = await consortium.urlOf('bridge.north');
      const grant = await get(`${bridge}/grants/0x${'ab'.repeat(32)}`, token);
      expect(problemOf(grant)).toEqual({ status: 404, code: 'unknown-grant', field: 'grantId' });
      const request = await get(`${bridge}/requests/${randomUUID()}`, token);
      expect(problemOf(request)).toEqual({ status: 404, code: 'unknown-request', field: 'requestId' });
      const malformed = await get(`${bridge}/requests/not-an-id`, token);
      expect(problemOf(malformed)).toMatchObject({ status: 400, code: 'invalid-input' });
      const record = await get(`${await recordsUrl(stage)}/records/${randomUUID()}`, token);
      expect(outcomeOf(record)).toMatchObject({ status: 404, code: 'unknown-record' });
      const department = await post(
        `${await consortium.urlOf('bridge.south')}/requests`,
        ask(stage, { departmentId: randomUUID() }),
        await backends.south.tokens.token(),
      );
      expect(problemOf(department)).toEqual({ status: 404, code: 'unknown-department', field: 'departmentId' });
      const unnamed = await post(
        `${await consortium.urlOf('bridge.south')}/requests`,
        { ...ask(stage, {}), purpose: 'CURIOSITY' },
        await backends.south.tokens.token(),
      );
      expect(problemOf(unnamed)).toEqual({ status: 400, code: 'invalid-input', field: 'purpose' });
    });

    it('of a patient nobody knows asks in vain, and does not tell so', async () => {
      const stage = stageOf();
      const { bridge } = stage.world.backends.south;
      const asked = ask(stage, { patient: { system: 'urn:cpds:test', value: `nobody-${randomUUID()}` } });
      const { requestId } = await bridge.ask(asked as Parameters<typeof bridge.ask>[0]);
      await waitFor(
        'north to have it',
        async () =>
          (
            await rowsOf(stage.world, 'bridge.north', 'SELECT id FROM request WHERE id = $1 AND patient_id IS NULL', [
              requestId,
            ])
          ).length === 1 || null,
      );
      expect(await bridge.request(requestId)).toMatchObject({ state: 'requested', grantId: null });
    }, 60_000);
  });

  describe('a bad consent', () => {
    let requestId: string;
    let maker: ConsentMaker;
    beforeAll(async () => {
      const stage = stageOf();
      const { refused } = stage.patients;
      requestId = await stage.request(refused);
      maker = await ConsentMaker.of(refused.holder, await refused.holder.request(requestId), refused.recordId);
    }, 60_000);

    /** Nothing of a refused consent is stored, sent or locked: the request waits as before. */
    const expectUntouched = async () => {
      const stage = stageOf();
      const rows = await rowsOf(
        stage.world,
        'bridge.north',
        'SELECT state, grant_id, capsule FROM transfer WHERE id = $1',
        [requestId],
      );
      expect(rows).toEqual([{ state: 'requested', grant_id: null, capsule: null }]);
      expect((await stage.world.backends.south.bridge.request(requestId)).state).toBe('requested');
    };

    it('that names the spending key of another wallet names that key', async () => {
      const { killed } = stageOf().patients;
      const consent = maker.make();
      const spendingKey = killed.holder.wallet.enrolment(consent.grant.destinationUid).enrolment.spendingKey;
      const ownershipProof = { ...consent.ownershipProof, spendingKey };
      await expect(maker.client.consent(requestId, { ...consent, ownershipProof })).rejects.toMatchObject({
        kind: 'invalid',
        code: 'grant-refused',
        field: 'ownershipProof.spendingKey',
      });
      await expectUntouched();
    });

    it("signed with the key of another patient's deed names the deed", async () => {
      const { killed } = stageOf().patients;
      const theirs = await ConsentMaker.of(
        killed.holder,
        await killed.holder.request(await stageOf().request(killed)),
        killed.recordId,
      );
      await expect(maker.client.consent(requestId, theirs.make())).rejects.toMatchObject({
        kind: 'invalid',
        code: 'grant-refused',
        field: 'ownershipProof.deedKey',
      });
      await expectUntouched();
    });

    it('with the ring signature of another grant names the ring signature', async () => {
      const { ringSignature } = maker.make();
      await expect(maker.client.consent(requestId, { ...maker.make(), ringSignature })).rejects.toMatchObject({
        kind: 'invalid',
        code: 'grant-refused',
        field: 'ringSignature',
      });
      await expectUntouched();
    });

    it('signed over a ring that is no cohort names the ring signature', async () => {
      const ring = [...maker.ring];
      ring[(maker.place + 1) % ring.length] = toCurve(new TextEncoder().encode(randomUUID())).point.toAffine().x;
      await expect(maker.client.consent(requestId, maker.make({ ring }))).rejects.toMatchObject({
        kind: 'invalid',
        code: 'grant-refused',
        field: 'ringSignature',
      });
      await expectUntouched();
    });

    it('signed over half a cohort names the ring signature', async () => {
      const ring = maker.ring.filter((_, at) => at % 2 === maker.place % 2);
      await expect(maker.client.consent(requestId, maker.make({ ring }))).rejects.toMatchObject({
        kind: 'invalid',
        field: 'ringSignature',
      });
      await expectUntouched();
    });

    it('whose capsule is another names the hash that does not fit', async () => {
      const consent = maker.make();
      const { capsule } = maker.make();
      await expect(maker.client.consent(requestId, { ...consent, capsule })).rejects.toMatchObject({
        kind: 'invalid',
        field: 'grant.sealedKeyHash',
      });
      await expectUntouched();
    });

    it("to another patient's request is a consent to a request that is not there", async () => {
      const stage = stageOf();
      const { killed } = stage.patients;
      const other = await ConsentMaker.of(
        killed.holder,
        await killed.holder.request(await stage.request(killed)),
        killed.recordId,
      );
      await expect(other.client.consent(requestId, maker.make())).rejects.toMatchObject({
        kind: 'missing',
        code: 'unknown-request',
        field: 'requestId',
      });
      await expectUntouched();
    });

    it('with a tag that was used names the tag', async () => {
      const stage = stageOf();
      const { killed } = stage.patients;
      const locked = await lockedGrants(stage);
      const second = await stage.request(killed);
      const again = await ConsentMaker.of(killed.holder, await killed.holder.request(second), killed.recordId);
      // a record that was sealed anew, after a revoke for instance, has another deed, whose slots are all free
      const { deedX } = again;
      const used = killed.holder.file.grants.find((one) => one.deedX === deedX && locked.has(one.grantId));
      if (used === undefined) throw new Error('no grant of this deed is locked');
      await expect(again.client.consent(second, again.make({ slot: used.grant.slot }))).rejects.toMatchObject({
        kind: 'conflict',
        code: 'tag-used',
        field: 'grant.tag',
      });
      const rows = await rowsOf(stage.world, 'bridge.north', 'SELECT state, grant_id FROM transfer WHERE id = $1', [
        second,
      ]);
      expect(rows).toEqual([{ state: 'requested', grant_id: null }]);
    });

    it('to a request that expired is refused, and both hospitals close the request', async () => {
      const stage = stageOf();
      const past = Math.floor(Date.now() / 1000) - 1;
      // Let an hour pass in north's row, which alone says when the request expires.
      await rowsOf(
        stage.world,
        'bridge.north',
        'UPDATE transfer SET request_expires = $2, check_at = now() WHERE id = $1',
        [requestId, past],
      );
      await expect(maker.client.consent(requestId, maker.make())).rejects.toMatchObject({
        kind: 'conflict',
        code: 'request-over',
      });
      await waitFor(
        'south to hear that nothing was granted',
        async () => (await stage.world.backends.south.bridge.request(requestId)).state === 'not-granted' || null,
      );
      const rows = await rowsOf(
        stage.world,
        'bridge.north',
        'SELECT state, close_reason, grant_id FROM transfer WHERE id = $1',
        [requestId],
      );
      expect(rows).toEqual([{ state: 'closed', close_reason: 'not-granted', grant_id: null }]);
    }, 60_000);
  });
}

/** Counts what north's records keeps, which a refused upload must not change. */
async function kept({ world }: Stage) {
  const [records, objects, deeds, pending, stored] = await Promise.all([
    countOf(world, 'records.north', 'record'),
    countOf(world, 'records.north', 'object'),
    countOf(world, 'records.north', 'deed'),
    countOf(world, 'records.north', 'pending_object'),
    objectsOf(world, 'north').then((objects) => objects.list()),
  ]);
  return { records, objects, deeds, pending, stored };
}

const recordsUrl = ({ world }: Stage): Promise<string> => world.consortium.urlOf('records.north');

async function uploadTo(stage: Stage, patient: string, type: string, body: string): Promise<Answer> {
  const url = `${await recordsUrl(stage)}/records?patient=${patient}&category=patient-summary`;
  const authorization = `Bearer ${await stage.world.backends.north.tokens.token()}`;
  return answerOf(await fetch(url, { method: 'POST', headers: { authorization, 'content-type': type }, body }));
}

async function get(url: string, token: string): Promise<Answer> {
  return answerOf(await fetch(url, { headers: { authorization: `Bearer ${token}` } }));
}

async function post(url: string, body: object, token: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return answerOf(await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function answerOf(response: Response): Promise<Answer> {
  const type = (response.headers.get('content-type') ?? '').split(';')[0] as string;
  return { status: response.status, type, body: (await response.json()) as Record<string, unknown> };
}

/** Status, code and field of a FHIR route's answer; fails unless it is an OperationOutcome. */
function outcomeOf({ status, type, body }: Answer) {
  expect({ type, resourceType: body['resourceType'] }).toEqual({
    type: 'application/fhir+json',
    resourceType: 'OperationOutcome',
  });
  const [issue] = body['issue'] as { expression?: string[]; details: { coding: { code: string }[] } }[];
  return { status, code: issue?.details.coding[0]?.code, field: issue?.expression?.[0] };
}

/** Status, code and field of any other route's answer. */
function problemOf({ status, type, body }: Answer) {
  expect(type).toBe('application/problem+json');
  expect(body['status']).toBe(status);
  return { status, code: body['code'], field: body['field'] };
}

/** South's question for the record of the patient of these tests, but for `change`. */
function ask(stage: Stage, change: Partial<{ departmentId: string; patient: ShareRequest['patient'] }>) {
  const { file } = stage.patients.refused;
  return {
    home: 'north',
    patient: file.patient,
    category: file.category,
    departmentId: stage.departmentId,
    purpose: 'TREAT',
    readForSeconds: 3_600,
    ...change,
  };
}

/** Ids of the grants that north's contract ever locked. */
async function lockedGrants({ world }: Stage): Promise<Set<string>> {
  const address = world.addresses.north.lockedAccount;
  const filter = { address, topics: [LockedAccount.topics.Locked], fromBlock: '0x0', toBlock: 'latest' };
  const [logs] = await rpc<{ topics: string[] }[]>(world.consortium.servers.chains.north, [
    { method: 'eth_getLogs', params: [filter] },
  ]);
  return new Set((logs ?? []).map(({ topics }) => topics[1] as string));
}
