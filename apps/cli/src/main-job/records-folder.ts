import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { invalid } from '@cpds/errors';
import type { PatientIdentifier } from '@cpds/messages';
import { z } from 'zod';
import { patientIdOf } from './dicom.js';

/** A file to share, and its patient. */
export interface RecordFile {
  readonly path: string;
  readonly name: string;
  readonly contentType: 'application/fhir+json' | 'application/dicom';
  /** Category under which a hospital asks for it. */
  readonly category: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly patient: PatientIdentifier;
}

const Bundle = z.object({
  resourceType: z.literal('Bundle'),
  entry: z.array(
    z.object({
      resource: z
        .object({
          resourceType: z.string(),
          identifier: z.array(z.object({ system: z.string().optional(), value: z.string().optional() })).optional(),
        })
        .loose()
        .optional(),
    }),
  ),
});

/**
 * Every FHIR Bundle (`*.json`) and DICOM file (`*.dcm`) in the folder and its subfolders, in the order of their names. A DICOM file belongs to the
 * patient of a Bundle one of whose identifiers equals its PatientID, else to a patient of its own.
 *
 * @throws AppError `no-records` nothing to share; `bad-record` a Bundle without a patient's identifier, a DICOM file without PatientID: names the file
 */
export async function readRecordsFolder(dir: string): Promise<RecordFile[]> {
  const names = (await readdir(dir, { recursive: true })).sort();
  const files: RecordFile[] = [];
  const byIdentifier = new Map<string, PatientIdentifier>();
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const parsed = Bundle.safeParse(jsonOf(await readFile(join(dir, name), 'utf8')));
    // Other JSON may lie beside the records: a licence note, a manifest.
    if (!parsed.success) continue;
    const identifiers =
      parsed.data.entry.find(({ resource }) => resource?.resourceType === 'Patient')?.resource?.identifier ?? [];
    const [patient] = identifiers.flatMap(({ system, value }) => (system && value ? [{ system, value }] : []));
    if (patient === undefined) throw badRecord(name, 'no Patient with an identifier');
    for (const { value } of identifiers) if (value) byIdentifier.set(value, patient);
    files.push(await recordFile(dir, name, 'application/fhir+json', 'patient-summary', patient));
  }
  for (const name of names.filter((one) => one.endsWith('.dcm'))) {
    const patientId = patientIdOf(await readFile(join(dir, name)));
    if (patientId === null) throw badRecord(name, 'no PatientID (0010,0020)');
    const patient = byIdentifier.get(patientId) ?? { system: 'urn:cpds:dicom-patient-id', value: patientId };
    files.push(await recordFile(dir, name, 'application/dicom', 'imaging', patient));
  }
  if (files.length === 0) throw invalid('no-records', 'records', `${dir} holds no FHIR Bundle and no DICOM file`);
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function recordFile(
  dir: string,
  name: string,
  contentType: RecordFile['contentType'],
  category: string,
  patient: PatientIdentifier,
): Promise<RecordFile> {
  const path = join(dir, name);
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return {
    path,
    name: basename(name),
    contentType,
    category,
    sizeBytes: (await stat(path)).size,
    sha256: hash.digest('hex'),
    patient,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null; // so it is no Bundle
    throw cause;
  }
}

function badRecord(name: string, reason: string) {
  return invalid('bad-record', 'records', `${name}: ${reason}`);
}
