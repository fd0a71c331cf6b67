import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import type { EventEnvelope } from '@cpds/messages';
import { derivationRoot, reseal } from '@cpds/service';
import { Journal } from '../log/journal.js';
import { AuditLog } from '../log/log.service.js';
import { auditService } from '../service.js';
import { eventOf } from '../testing/test-event.js';
import { openLogStore, signer } from '../testing/test-log.js';

describe('a new key-encryption key', () => {
  it('opens details as before, finds a person’s key where it was, and erases it', async () => {
    const database = await openLogStore();
    const { store, unitOfWork } = database;
    const folder = mkdtempSync(join(tmpdir(), 'cpds-journal-'));
    const logUnder = async (ring: KeyRing): Promise<AuditLog> => {
      const root = await unitOfWork.run((tx) => derivationRoot(tx, ring));
      const journal = await Journal.open(folder, [tlog.verifierOf(signer)], ring);
      const log = new AuditLog(unitOfWork, { party: 'north', signer, ring, root, journal });
      await log.open();
      return log;
    };
    const person = randomUUID();
    const event = (seq: number): EventEnvelope => eventOf('records.north', seq, { person });
    const [old, fresh] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))];
    const before = await logUnder(new KeyRing(old));
    await before.append([event(1)]);
    await before.refuse({ subject: 'records.x', body: 'no event', reason: 'is none' });

    const done = await reseal(unitOfWork, new KeyRing(fresh, [old]), auditService.sealed ?? [], () => undefined);
    expect(done.map(({ table, rows, left }) => [table, rows, left])).toEqual([
      ['derivation_root', 1, 0],
      ['details_key', 2, 0], // the person's, and the log's own for the alarm
      ['refused_event', 1, 0],
    ]);
    // The start that seals anew does the journal's events as well.
    await logUnder(new KeyRing(fresh, [old]));
    const later = await logUnder(new KeyRing(fresh));
    expect(await later.detailsOf('records.north', 1)).toMatchObject({ details: { step: 1 }, person });
    await later.append([event(2)]);
    expect(await store.query('SELECT count(*) AS keys FROM details_key')).toEqual([{ keys: '2' }]);
    await later.erase(person, { by: 'privacy.north', reason: 'patient-asked' });
    expect([await later.detailsOf('records.north', 1), await later.detailsOf('records.north', 2)]).toEqual([
      null,
      null,
    ]);
    await database.close();
    rmSync(folder, { recursive: true });
  });
});
