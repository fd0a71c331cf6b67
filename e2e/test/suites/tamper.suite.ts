import { checkAudit, release, waitForState } from '@cpds/cli';
import { objectKeyOf } from './share.suite.js';
import { rowsOf } from '../support/database.js';
import { objectsOf } from '../support/objects.js';
import type { Stage } from '../support/stage.js';

/** Changes in stored data that no service made are found and not believed. It leaves a broken log. */
export function tamperSuite(stageOf: () => Stage): void {
  describe('tampering', () => {
    it('with a stored object: nothing of it is handed out, at south or at north', async () => {
      const stage = stageOf();
      const { world } = stage;
      const patient = stage.patients.tampered;
      const { given } = await stage.ask(patient);
      await waitForState(world, 'south', given.grantId, ['mapped'], 150_000);
      const objects = await objectsOf(world, 'north');
      const key = await objectKeyOf(stage, patient);
      const bytes = await objects.get(key);
      const at = bytes.length - 5_000; // inside the payload, behind header and nonce
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      await objects.put(key, bytes);

      const before = await (await objectsOf(world, 'south')).list();
      expect((await release(world, given.grantId)).outcome).toBe('released');
      const opened = world.backends.south.recordsHttp.raw(
        'GET',
        `grants/${given.grantId}/record`,
        {},
        { attempts: 1, timeoutMs: 60_000 },
      );
      await expect(opened).rejects.toMatchObject({ code: 'fetch-withheld', kind: 'unavailable' });
      const held = await rowsOf(
        world,
        'records.south',
        `SELECT object_key FROM opening WHERE grant_id = decode($1, 'hex')`,
        [given.grantId.slice(2)],
      );
      expect(held).toEqual([]);
      expect((await world.backends.south.bridge.transfer(given.grantId)).state).toBe('released');
      expect(await (await objectsOf(world, 'south')).list()).toEqual(before);
      const read = world.backends.north.recordsHttp
        .raw('GET', `records/${patient.recordId}`, {}, { attempts: 1 })
        .then((response) => response.arrayBuffer());
      await expect(read).rejects.toThrow();
    }, 300_000);

    it('with an entry of the log: the verifier names the log and what is wrong with it', async () => {
      const stage = stageOf();
      const expectations = stage.shared.map((grantId) => ({ grantId, outcome: 'shared' as const }));
      const audit = await checkAudit(stage.world, expectations);
      expect(audit.map(({ hospital, verified }) => [hospital, verified])).toEqual([
        ['north', true],
        ['south', true],
        ['hub', true],
      ]);
      const changed = await rowsOf(
        stage.world,
        'audit.north',
        `UPDATE event SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'records.disclosed', 'records.forgotten'), 'UTF8')
         WHERE leaf_index = (SELECT min(leaf_index) FROM event WHERE convert_from(leaf, 'UTF8') LIKE '%records.disclosed%') RETURNING leaf_index`,
      );
      expect(changed).toHaveLength(1);
      await expect(checkAudit(stage.world, expectations)).rejects.toMatchObject({
        code: 'audit-fails',
        message: expect.stringMatching(/at north: /),
      });
    }, 300_000);
  });
}
