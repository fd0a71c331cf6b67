import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { contentCheck, DicomCheck } from '@cpds/content';
import { AppError, invalid } from '@cpds/errors';
import type { PatientIdentifier } from '@cpds/messages';
import { subjectOf } from './bundle.js';

/** A file to share, and its patient. */
export interface RecordFile {
  readonly path: string;
  /** Path below the folder. */
  readonly name: string;
  readonly contentType: 'application/fhir+json' | 'application/dicom';
  /** Category under which a hospital asks for it. */
  readonly category: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly patient: PatientIdentifier;
}

/** A file that is not shared. */
export interface LeftFile {
  readonly name: string;
  /** Why, without any of its content. */
  readonly reason: string;
  /** Whether it says that it is a record: then somebody expects it to be shared. */
  readonly isRecord: boolean;
}

/** Every file of a folder: to share, or left with a reason. Both in the order of their names. */
export interface RecordsFolder {
  readonly files: readonly RecordFile[];
  readonly left: readonly LeftFile[];
}

/**
 * Reads the FHIR Bundles (`*.json`) and DICOM files (`*.dcm`) in the folder and its subfolders, and says of every other file why it is left. A DICOM
 * file belongs to the patient of a Bundle one of whose identifiers equals its PatientID, else to a patient of its own.
 *
 * @throws AppError `no-records` nothing to share: names what was left
 */
export async function readRecordsFolder(dir: string): Promise<RecordsFolder> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files: RecordFile[] = [];
  const left: LeftFile[] = [];
  const byIdentifier = new Map<string, PatientIdentifier | 'several'>();
  // Bundles first: a DICOM file's patient may be in any of them.
  for (const path of [...paths.filter(isJson), ...paths.filter(isDicom), ...paths.filter(isOther)]) {
    const name = relative(dir, path);
    try {
      if (isJson(path)) files.push(await bundleFile(path, name, byIdentifier));
      else if (isDicom(path)) files.push(await dicomFile(path, name, byIdentifier));
      else left.push({ name, reason: 'its name ends neither in .json nor in .dcm', isRecord: false });
    } catch (cause) {
      left.push({ name, reason: reasonOf(cause), isRecord: isDicom(path) || (await namesResource(path)) });
    }
  }
  if (files.length === 0) {
    const why = left.map(({ name, reason }) => `\n  ${name}: ${reason}`).join('');
    throw invalid('no-records', 'records', `${dir} holds no FHIR Bundle and no DICOM file to share${why}`);
  }
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  return { files: files.sort(byName), left: left.sort(byName) };
}

/** Whether everything that says that it is a record was shared. */
export const isWhole = (left: readonly LeftFile[]): boolean => !left.some(({ isRecord }) => isRecord);

/** A line for whoever looks on. */
export const leftLine = ({ name, reason, isRecord }: LeftFile): string =>
  `${isRecord ? 'NOT SHARED' : 'left'} ${name}: ${reason}`;

const isJson = (path: string) => /\.json$/i.test(path);
const isDicom = (path: string) => /\.dcm$/i.test(path);
const isOther = (path: string) => !isJson(path) && !isDicom(path);

async function bundleFile(
  path: string,
  name: string,
  byIdentifier: Map<string, PatientIdentifier | 'several'>,
): Promise<RecordFile> {
  const bytes = await readFile(path);
  const check = contentCheck('application/fhir+json');
  check.push(bytes);
  check.end();
  const { patient, identifiers } = subjectOf(new TextDecoder().decode(bytes));
  for (const { value } of identifiers) {
    const known = byIdentifier.get(value);
    const isSame = known === undefined || (known !== 'several' && isEqual(known, patient));
    byIdentifier.set(value, isSame ? patient : 'several');
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const contentType = 'application/fhir+json';
  return { path, name, contentType, category: 'patient-summary', sizeBytes: bytes.length, sha256, patient };
}

async function dicomFile(
  path: string,
  name: string,
  byIdentifier: ReadonlyMap<string, PatientIdentifier | 'several'>,
): Promise<RecordFile> {
  const check = new DicomCheck();
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
    check.push(part);
    hash.update(part);
    sizeBytes += part.length;
  }
  check.end();
  const value = check.patientId;
  if (!value) throw invalid('bad-record', 'PatientID', 'its PatientID (0010,0020) is empty');
  const patient = byIdentifier.get(value) ?? { system: 'urn:cpds:dicom-patient-id', value };
  if (patient === 'several')
    throw invalid('bad-record', 'PatientID', 'its PatientID (0010,0020) is an identifier of two patients in Bundles');
  const contentType = 'application/dicom';
  return { path, name, contentType, category: 'imaging', sizeBytes, sha256: hash.digest('hex'), patient };
}

const isEqual = (a: PatientIdentifier, b: PatientIdentifier) => a.system === b.system && a.value === b.value;

/** @throws what is no fault of the file */
function reasonOf(cause: unknown): string {
  if (cause instanceof AppError && cause.kind === 'invalid') return cause.message;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return 'it cannot be read by this user';
  throw cause;
}

/** Whether a JSON file, whole or broken, says that it is a FHIR resource. Others may lie beside the records: a licence note, a manifest. */
async function namesResource(path: string): Promise<boolean> {
  return /"resourceType"\s*:/.test(await readFile(path, 'utf8').catch(() => ''));
}
