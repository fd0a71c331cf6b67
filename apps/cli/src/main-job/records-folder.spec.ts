import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRecordsFolder } from './records-folder.js';

const examples = fileURLToPath(new URL('../../../../examples/records', import.meta.url));
const field = fileURLToPath(new URL('../../testdata', import.meta.url));
const good = join(field, 'folder-mixed/good.json');

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'cpds-records-'))));
afterEach(() => rmSync(dir, { recursive: true }));

/** Puts one file beside a good Bundle and says what becomes of it. */
async function leftOf(name: string, content: string | Uint8Array) {
  cpSync(good, join(dir, 'good.json'));
  writeFileSync(join(dir, name), content);
  const { files, left } = await readRecordsFolder(dir);
  expect(files.map((file) => file.name)).toContain('good.json');
  return left.find((one) => one.name === name);
}

const patient = (value: string, id = value) => ({
  fullUrl: `urn:${id}`,
  resource: { resourceType: 'Patient', id, identifier: [{ system: 'urn:mrn', value }] },
});
const bundle = (entry: object[], type = 'collection') => JSON.stringify({ resourceType: 'Bundle', type, entry });

describe('a folder of records', () => {
  it('gives every Bundle and DICOM file with its patient', async () => {
    const { files, left } = await readRecordsFolder(examples);
    expect(files.length).toBeGreaterThanOrEqual(6);
    for (const file of files) {
      expect(file.patient.value).not.toBe('');
      expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(files.find(({ name }) => name === 'CT_small.dcm')).toMatchObject({
      contentType: 'application/dicom',
      patient: { system: 'urn:cpds:dicom-patient-id', value: '1CT1' },
    });
    expect(left.filter(({ isRecord }) => isRecord)).toEqual([]);
  });

  it.each([
    ['folder-bom', 1, 'a byte order mark'],
    ['folder-document', 1, 'a Composition, whose identifier is an object'],
    ['folder-mixed', 2, 'a document beside a collection'],
    ['folder-second-patient', 1, 'a first Patient without an identifier'],
    ['folder-dicom-seq', 1, 'a DICOM file with sequences of undefined length before its PatientID'],
  ])('takes all of %s: %i files, %#', async (name, count) => {
    const { files, left } = await readRecordsFolder(join(field, name));
    expect(left).toEqual([]);
    expect(files).toHaveLength(count);
  });

  it('takes the subject of a document, and the one person who is in a Bundle twice', async () => {
    const composition = { resource: { resourceType: 'Composition', subject: { reference: 'Patient/2' } } };
    writeFileSync(join(dir, 'a.json'), bundle([composition, patient('1'), patient('2')], 'document'));
    writeFileSync(join(dir, 'b.json'), bundle([patient('3', 'x'), patient('3', 'y')]));
    const { files } = await readRecordsFolder(dir);
    expect(files.map((file) => file.patient.value)).toEqual(['2', '3']);
  });

  it.each([
    ['several patients', 'x.json', bundle([patient('1'), patient('2')]), '2 patients'],
    ['no entry', 'x.json', '{"resourceType":"Bundle","type":"collection"}', 'no Patient'],
    ['a patient without an identifier', 'x.json', bundle([{ resource: { resourceType: 'Patient' } }]), 'no Patient'],
    [
      'an identifier that is no list',
      'x.json',
      bundle([{ resource: { resourceType: 'Patient', identifier: {} } }]),
      'list',
    ],
    ['another resource', 'x.json', '{"resourceType":"Observation"}', 'Observation'],
    ['a broken Bundle', 'x.json', bundle([patient('1')]).slice(0, -9), 'in the middle'],
    ['a Bundle that is not UTF-8', 'x.json', Buffer.from(bundle([patient('\xe9')]), 'latin1'), 'UTF-8'],
    [
      'an image cut off before its PatientID',
      'x.dcm',
      readFileSync(join(examples, 'CT_small.dcm')).subarray(0, 700),
      '(0010,0020)',
    ],
    ['other bytes of that name', 'x.dcm', '{}', 'DICM'],
  ])('goes on with the rest, and says that it does not share %s', async (_, name, content, reason) => {
    expect(await leftOf(name, content)).toEqual({ name, reason: expect.stringContaining(reason), isRecord: true });
  });

  it('says of what claims nothing that it is left', async () => {
    expect(await leftOf('manifest.json', '{"files":[]}')).toMatchObject({ isRecord: false });
    expect(await leftOf('notes.json', 'not json')).toMatchObject({ isRecord: false });
    expect(await leftOf('LICENSE', 'text')).toMatchObject({ isRecord: false, reason: expect.stringContaining('.dcm') });
  });

  it('does not guess whose an image is if two patients have its PatientID', async () => {
    writeFileSync(join(dir, 'a.json'), bundle([patient('1CT1')]));
    writeFileSync(join(dir, 'b.json'), bundle([patient('1CT1')]).replaceAll('urn:mrn', 'urn:other'));
    cpSync(join(examples, 'CT_small.dcm'), join(dir, 'ct.DCM'));
    const { files, left } = await readRecordsFolder(dir);
    expect(files.map(({ name }) => name)).toEqual(['a.json', 'b.json']);
    expect(left).toEqual([{ name: 'ct.DCM', reason: expect.stringContaining('two patients'), isRecord: true }]);
  });

  it('passes a folder named like a record, and looks into it', async () => {
    mkdirSync(join(dir, 'x.json'));
    cpSync(good, join(dir, 'x.json/y.json'));
    expect(await readRecordsFolder(dir)).toMatchObject({ files: [{ name: 'x.json/y.json' }], left: [] });
  });

  it('refuses a folder with nothing in it to share, and names what is there', async () => {
    await expect(readRecordsFolder(dir)).rejects.toMatchObject({ code: 'no-records' });
    writeFileSync(join(dir, 'x.json'), '{"resourceType":"Observation"}');
    await expect(readRecordsFolder(dir)).rejects.toThrow(/x\.json: .*Observation/);
  });
});
