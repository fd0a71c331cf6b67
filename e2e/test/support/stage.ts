import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  askAndConsent,
  askingDepartment,
  launch,
  patientOf,
  readRecordsFolder,
  upload,
  waitFor,
  waitForDeed,
  type Launched,
  type RecordFile,
  type World,
} from '@cpds/cli';
import type { GivenConsent, TimePolicy, WalletHolder } from '@cpds/wallet';
import { plantedBundle } from './planted.js';

/** A patient with one record whose deed is final. */
export interface Patient {
  readonly file: RecordFile;
  readonly holder: WalletHolder;
  readonly recordId: string;
}

/** Which patient's record each suite uses, so that no test depends on what another one did to a record. */
export const patientNames = ['synthea', 'planted', 'killed', 'revoking', 'refused', 'tampered'] as const;
export type PatientName = (typeof patientNames)[number];

/**
 * Seconds added to the windows of a grant: a process that was killed needs them to start again, and a machine that is busy with other things needs
 * them to start at all.
 */
export const patience: TimePolicy = { extraLockSeconds: 120, extraMintSeconds: 60 };

/** A consortium of real processes in a temporary folder, with patients who have records in it. */
export class Stage {
  /** Grants whose record was opened at south, which the logs must show at the end. */
  readonly shared: string[] = [];

  private constructor(
    /** Folder with the records of the made patients. */
    private readonly records: string,
    readonly launched: Launched,
    readonly departmentId: string,
    readonly patients: Readonly<Record<PatientName, Patient>>,
  ) {}

  get world(): World {
    return this.launched.world;
  }

  /** Starts everything, enrols the patients, uploads their records and waits until each deed stands in a final cohort. */
  static async open(): Promise<Stage> {
    const launched = await launch({
      dir: mkdtempSync(join(tmpdir(), 'cpds-e2e-')),
      report: () => undefined, // a failure is thrown, with the last lines of the failed process's log
      until: 'launcher-and-data',
    });
    const { world } = launched;
    // The records lie outside the consortium's folder, which is searched for their content.
    const dir = mkdtempSync(join(tmpdir(), 'cpds-e2e-records-'));
    try {
      const files = await recordFiles(dir);
      const entries: [PatientName, Patient][] = [];
      for (const [name, file] of files) {
        const { holder } = await patientOf(world, file.patient);
        const { recordId } = await upload(world, holder.account.patientId, file);
        entries.push([name, { file, holder, recordId }]);
      }
      await Promise.all(entries.map(([, { recordId }]) => waitForDeed(world, recordId)));
      await anchorEnrolments(world);
      const patients = Object.fromEntries(entries) as Record<PatientName, Patient>;
      return new Stage(dir, launched, await askingDepartment(world), patients);
    } catch (cause) {
      await world.consortium.stop();
      rmSync(dir, { recursive: true, force: true });
      throw cause;
    }
  }

  /** South asks for the patient's record and the patient consents. */
  ask(patient: Patient): Promise<{ given: GivenConsent; startedAt: number }> {
    const { file, holder, recordId } = patient;
    const wanted = { patient: file.patient, category: file.category, recordId };
    return askAndConsent(this.world, this.departmentId, holder, wanted, { policy: patience });
  }

  /** Asks without a consent: returns the id of a request that waits for the patient. */
  async request(patient: Patient): Promise<string> {
    const { requestId } = await this.world.backends.south.bridge.ask({
      home: 'north',
      patient: patient.file.patient,
      category: patient.file.category,
      departmentId: this.departmentId,
      purpose: 'TREAT',
      readForSeconds: 3_600,
    });
    return requestId;
  }

  /** Stops every process. The consortium's folder goes with this test run, by its guard, however the run ends. */
  async close(): Promise<void> {
    await this.world.consortium.stop();
    rmSync(this.records, { recursive: true, force: true });
  }
}

/** The smallest of the sample Bundles for `synthea`, and a Bundle made here for each of the others. */
async function recordFiles(dir: string): Promise<[PatientName, RecordFile][]> {
  const made = patientNames.filter((name) => name !== 'synthea');
  for (const name of made) writeFileSync(join(dir, `${name}.json`), JSON.stringify(plantedBundle(name)));
  const samples = fileURLToPath(new URL('../../../examples/records', import.meta.url));
  const bundles = (await readRecordsFolder(samples)).files.filter(
    ({ contentType }) => contentType === 'application/fhir+json',
  );
  const [smallest] = bundles.sort((a, b) => a.sizeBytes - b.sizeBytes);
  if (smallest === undefined) throw new Error(`${samples} holds no Bundle`);
  const { files } = await readRecordsFolder(dir);
  return [
    ['synthea', smallest],
    ...files.map((file): [PatientName, RecordFile] => [file.name.replace('.json', '') as PatientName, file]),
  ];
}

/** An enrolment counts once its leaf is under a checkpoint that is final on the hub. */
async function anchorEnrolments({ audits }: World): Promise<void> {
  const { size } = await audits.north.anchor();
  await waitFor('the anchor of the enrolments', async () => {
    const { anchors } = await audits.north.log();
    return anchors.some((anchor) => anchor.chain === 'hub' && anchor.state === 'final' && anchor.size >= size) || null;
  });
}

/** Every file below a folder; none if the folder does not exist. */
export async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw cause;
  });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
