import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordsClient } from '@cpds/client';
import { conflict, httpStatus, invalid, toOperationOutcome, unavailable, type AppError } from '@cpds/errors';
import type { WalletHolder } from '@cpds/wallet';
import { exitCodeOf } from '../commands/output.js';
import type { World } from '../consortium/world.js';
import { depositAll, type Deposited } from './deposit.js';
import { isWhole, readRecordsFolder, type LeftFile, type RecordFile } from './records-folder.js';

/** North's records, as far as uploads go: refuses the bodies that hold a text of `refusals`. */
async function north(refusals: ReadonlyMap<string, AppError>, { method, body }: RequestInit): Promise<Response> {
  const text = body ? await new Response(body).text() : '';
  const refusal = [...refusals].find(([part]) => text.includes(part))?.[1];
  if (refusal !== undefined) return Response.json(toOperationOutcome(refusal), { status: httpStatus(refusal) });
  const metadata = { category: 'patient-summary', contentType: 'application/fhir+json', sizeBytes: 1 };
  const record = { recordId: randomUUID(), patientId: randomUUID(), metadata, commitment: `0x${'11'.repeat(32)}` };
  const sha256 = `0x${createHash('sha256').update(text).digest('hex')}`;
  return Response.json({ ...record, ...(method === 'GET' ? { withdrawnAt: null } : { sha256 }), deed: 'current' });
}

const bundleOf = (value: string): string =>
  JSON.stringify({
    resourceType: 'Bundle',
    type: 'collection',
    entry: [{ resource: { resourceType: 'Patient', id: value, identifier: [{ system: 'urn:mrn', value }] } }],
  });

describe('the records of a folder', () => {
  const mismatch = invalid('patient-mismatch', 'patient', 'the body names another patient', { status: 422 });
  const refusals = new Map<string, AppError>();
  let dir: string;
  let reported: string[];
  let world: Pick<World, 'backends' | 'report'>;

  beforeEach(() => {
    refusals.clear();
    const records = new RecordsClient({ baseUrl: 'http://north/', fetcher: (_, init) => north(refusals, init) });
    reported = [];
    world = { backends: { north: { records } } as World['backends'], report: (line) => reported.push(line) };
    dir = mkdtempSync(join(tmpdir(), 'cpds-records-'));
    for (const name of ['anna', 'bert', 'carl']) writeFileSync(join(dir, `${name}.json`), bundleOf(name));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  async function deposit(): Promise<{ deposited: Deposited[]; left: LeftFile[] }> {
    const { files, left: unreadable } = await readRecordsFolder(dir);
    const holder = { account: { patientId: randomUUID() } } as WalletHolder;
    const left = [...unreadable];
    const holders = new Map<RecordFile, WalletHolder>(files.map((file) => [file, holder]));
    return { deposited: await depositAll(world, files, holders, left), left };
  }
  const namesOf = (deposited: readonly Deposited[]): string[] => deposited.map(({ file }) => file.name);

  it('go on without the one that north refuses, which is listed and ends in a failure', async () => {
    refusals.set('bert', mismatch);
    const { deposited, left } = await deposit();
    expect(namesOf(deposited)).toEqual(['anna.json', 'carl.json']);
    expect(left).toEqual([{ name: 'bert.json', reason: 'the body names another patient', isRecord: true }]);
    expect(reported).toEqual(['NOT SHARED bert.json: the body names another patient']);
    expect(exitCodeOf({ ok: isWhole(left) })).toBe(1);
  });

  it('end in no failure when all are taken, beside files that claim nothing', async () => {
    writeFileSync(join(dir, 'notes.txt'), 'of the folder');
    const { deposited, left } = await deposit();
    expect(namesOf(deposited)).toEqual(['anna.json', 'bert.json', 'carl.json']);
    expect(left.map(({ name }) => name)).toEqual(['notes.txt']);
    expect(exitCodeOf({ ok: isWhole(left) })).toBe(0);
  });

  it('stop where none is taken, and at what is no fault of a file', async () => {
    for (const name of ['anna', 'bert', 'carl']) refusals.set(name, mismatch);
    await expect(deposit()).rejects.toMatchObject({ code: 'no-records' });
    refusals.clear();
    refusals.set('bert', unavailable('object-store-away', 'the object store does not answer'));
    await expect(deposit()).rejects.toMatchObject({ code: 'object-store-away' });
    refusals.set('bert', conflict('record-exists', 'it is there already'));
    await expect(deposit()).rejects.toMatchObject({ code: 'record-exists' });
  });
});
