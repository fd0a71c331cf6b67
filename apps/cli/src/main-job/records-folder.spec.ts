import { fileURLToPath } from 'node:url';
import { readRecordsFolder } from './records-folder.js';
import { patientIdOf } from './dicom.js';

const examples = fileURLToPath(new URL('../../../../examples/records', import.meta.url));

describe('a folder of records', () => {
  it('gives every Bundle and DICOM file with its patient', async () => {
    const files = await readRecordsFolder(examples);
    expect(files.length).toBeGreaterThanOrEqual(6);
    for (const file of files) {
      expect(file.patient.value).not.toBe('');
      expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(files.find(({ name }) => name === 'CT_small.dcm')).toMatchObject({
      contentType: 'application/dicom',
      patient: { system: 'urn:cpds:dicom-patient-id', value: '1CT1' },
    });
  });

  it('refuses a folder with nothing in it to share', async () => {
    const dir = fileURLToPath(new URL('.', import.meta.url));
    await expect(readRecordsFolder(dir)).rejects.toMatchObject({ code: 'no-records' });
  });

  it('reads no patient from what is no DICOM file', () => {
    expect(patientIdOf(Buffer.from('{"resourceType":"Bundle"}'))).toBeNull();
    expect(patientIdOf(Buffer.alloc(400))).toBeNull();
  });
});
