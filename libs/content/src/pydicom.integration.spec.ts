import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { testPydicom } from '@cpds/local';
import { DicomCheck } from './dicom.js';

/** Prints, for each of pydicom's own files, its path and its PatientID: null if it cannot be read or has none. */
const program = `
import json, os, pydicom, sys, warnings
warnings.simplefilter('ignore')
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
root = os.path.join(os.path.dirname(pydicom.__file__), 'data')
for folder, _, names in sorted(os.walk(root)):
    for name in sorted(names):
        path = os.path.join(folder, name)
        if name.endswith(('.py', '.pyc', '.md', '.txt', '.json')): continue
        try: found = pydicom.dcmread(path, stop_before_pixels=True).get('PatientID')
        except Exception: found = None
        print(json.dumps([path, None if found is None else str(found)]))
`;

function patientIdOf(path: string): string | null {
  const check = new DicomCheck();
  const file = readFileSync(path);
  try {
    for (let at = 0; at < file.length; at += 64 * 1024) check.push(file.subarray(at, at + 64 * 1024));
    check.end();
  } catch (cause) {
    if ((cause as { code?: string }).code === 'not-what-it-says') return null;
    throw cause;
  }
  return check.patientId;
}

describe('the reader of DICOM', () => {
  it("reads PatientID where pydicom does, in all of pydicom's own files", async () => {
    const env = { ...process.env, PYTHONPATH: await testPydicom(), PYTHONDONTWRITEBYTECODE: '1' };
    const { stdout, stderr, status } = spawnSync('python3', ['-c', program], { encoding: 'utf8', env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const files = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as [path: string, patientId: string | null]);
    expect(files.length).toBeGreaterThan(150);
    const different = files.flatMap(([path, theirs]) => {
      const ours = patientIdOf(path);
      return ours === theirs ? [] : [{ name: basename(path), ours, theirs }];
    });
    expect(different).toEqual([]);
    expect(files.filter(([, theirs]) => theirs !== null).length).toBeGreaterThan(100);
  });
});
