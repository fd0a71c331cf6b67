import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { finishShare } from '@cpds/cli';
import { testAge } from '@cpds/local';
import { eventsOf } from '../support/chain.js';
import { rowsOf } from '../support/database.js';
import { objectsOf } from '../support/objects.js';
import { planted } from '../support/planted.js';
import type { Patient, Stage } from '../support/stage.js';

const run = promisify(execFile);

/** Shares one record from north to south, and looks at what north keeps of it. */
export function shareSuite(stageOf: () => Stage): void {
  describe('a share', () => {
    it('ends with the bytes that were uploaded, one lock in a ring of 16 and one mapping', async () => {
      const stage = stageOf();
      const patient = stage.patients.synthea;
      const { given, startedAt } = await stage.ask(patient);
      const share = await finishShare(stage.world, patient.file, given, startedAt);
      expect(share.openedSha256).toBe(patient.file.sha256);
      expect(given.ringSize).toBe(16);
      expect(given.ringReal).toBeGreaterThan(1);
      const events = await eventsOf(stage.world, given.grantId);
      expect(events).toMatchObject({ locked: 1, lockClosed: 0, mapped: 1, mappingClosed: 0 });
      expect(new Set(events.vouchers).size).toBe(events.vouchers.length);
      expect(events.vouchers.length).toBeGreaterThanOrEqual(2);
      stage.shared.push(given.grantId);
    });

    it('leaves in the object store an age file that the public program opens with the patient’s identity', async () => {
      const stage = stageOf();
      const patient = stage.patients.synthea;
      const stored = await (await objectsOf(stage.world, 'north')).get(await objectKeyOf(stage, patient));
      expect(stored.subarray(0, 21).toString()).toBe('age-encryption.org/v1');
      const dir = mkdtempSync(join(tmpdir(), 'cpds-age-'));
      try {
        const path = (name: string) => join(dir, name);
        writeFileSync(path('identity'), patient.holder.wallet.ageIdentity, { mode: 0o600 });
        writeFileSync(path('record.age'), stored);
        await run(await testAge(), ['-d', '-i', path('identity'), '-o', path('record'), path('record.age')]);
        const opened = createHash('sha256')
          .update(readFileSync(path('record')))
          .digest('hex');
        expect(opened).toBe(patient.file.sha256);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    });

    it('keeps nothing of the plaintext in any object', async () => {
      const stage = stageOf();
      const patient = stage.patients.planted;
      const text = readFileSync(patient.file.path);
      const stored = await (await objectsOf(stage.world, 'north')).get(await objectKeyOf(stage, patient));
      for (const needle of [planted.family, planted.note, 'resourceType']) {
        expect(text.includes(needle)).toBe(true);
        expect(stored.includes(needle)).toBe(false);
      }
    });
  });
}

/** The key under which north keeps the current ciphertext of the patient's record. */
export async function objectKeyOf(stage: Stage, { recordId }: Patient): Promise<string> {
  const sql = 'SELECT object_key FROM object WHERE record_id = $1 AND is_current';
  const [row] = await rowsOf<{ object_key: string }>(stage.world, 'records.north', sql, [recordId]);
  if (row === undefined) throw new Error(`north keeps no object of the record ${recordId}`);
  return row.object_key;
}
