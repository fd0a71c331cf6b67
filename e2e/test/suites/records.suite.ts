import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { participant } from '@cpds/local';
import { AgeIdentitiesView, ScrubView } from '@cpds/messages';
import { waitFor } from '@cpds/cli';
import { objectKeyOf } from './share.suite.js';
import { objectsOf } from '../support/objects.js';
import type { Stage } from '../support/stage.js';

const program = fileURLToPath(new URL('../../../apps/cli/bin/cpds.mjs', import.meta.url));
const producer = 'records.north';

/** Runs `cpds` as operators do: its exit code and what it printed. */
function cpds(stage: Stage, ...args: string[]): Promise<{ code: number; stdout: string }> {
  const whole = [program, ...args, '--dir', stage.world.consortium.dir];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, whole, (_, stdout) => resolve({ code: child.exitCode ?? -1, stdout }));
  });
}

/** What an operator of records does with `cpds records`: looks for damage, and changes the age identity. */
export function recordsSuite(stageOf: () => Stage): void {
  describe('an operator of records', () => {
    const ofNorth = ['--hospital', 'north', '--json'];
    const scrub = async (): Promise<{ code: number; view: ScrubView }> => {
      const { code, stdout } = await cpds(stageOf(), 'records', 'scrub', ...ofNorth);
      const [{ hospital, ...view }] = JSON.parse(stdout) as [{ hospital: string }];
      expect(hospital).toBe('north');
      return { code, view: ScrubView.parse(view) };
    };
    const keys = async (): Promise<AgeIdentitiesView> => {
      const { code, stdout } = await cpds(stageOf(), 'records', 'keys', ...ofNorth);
      expect(code).toBe(0);
      const [{ hospital: _, ...view }] = JSON.parse(stdout) as [{ hospital: string }];
      return AgeIdentitiesView.parse(view);
    };

    it('is told by `cpds records scrub` which object is damaged, and that it is whole again', async () => {
      const stage = stageOf();
      const patient = stage.patients.synthea;
      const [objects, key] = [await objectsOf(stage.world, 'north'), await objectKeyOf(stage, patient)];
      const before = await scrub();
      expect([before.code, before.view.damaged, before.view.unread]).toEqual([0, 0, 0]);
      expect(before.view.checked).toBe(before.view.objects);

      const bytes = await objects.get(key);
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(altered.length - 1) ^ 1, altered.length - 1);
      await objects.put(key, altered);
      const during = await scrub();
      expect([during.code, during.view.damaged]).toEqual([4, 1]);
      expect(during.view.found).toMatchObject([
        { objectKey: key, recordId: patient.recordId, part: 'payload', foundBy: 'scrub' },
      ]);
      const { code, stdout } = await cpds(stage, 'records', 'scrub', '--hospital', 'north');
      expect([code, stdout]).toEqual([
        4,
        expect.stringContaining(`${key}, has another payload, record ${patient.recordId}`),
      ]);

      await objects.put(key, bytes);
      const after = await scrub();
      expect([after.code, after.view.damaged, after.view.found]).toEqual([0, 0, []]);
      expect((await cpds(stage, 'records', 'scrub', '--hospital', 'west')).code).toBe(2);
    }, 300_000);

    it('changes the age identity by the steps of the README, and every record stays readable', async () => {
      const stage = stageOf();
      const { world, launched } = stage;
      const { path } = await world.consortium.secrets.keyFile(participant(producer));
      const { current: former } = await keys();
      const made = await cpds(stage, 'records', 'new-identity', path, '--json');
      const { current } = JSON.parse(made.stdout) as { current: string };
      expect(made.stdout).not.toContain('SECRET');
      const restart = async (): Promise<void> => {
        await world.consortium.stopProcess(producer);
        await launched.restart([producer]);
      };
      await restart();
      const view = await waitFor('the former identity to be needed no more', async () => {
        const now = await keys();
        return now.former.every(({ mayBeRemoved }) => mayBeRemoved) && now.rotation?.outcome === 'finished'
          ? now
          : null;
      });
      expect(view).toMatchObject({
        current,
        former: [{ recipient: former, isHeld: true, rows: 0, mayBeRemoved: true }],
        unnamed: 0,
        failing: 0,
      });
      expect((await cpds(stage, 'records', 'forget-identity', path, former)).code).toBe(0);
      await restart();
      expect((await keys()).former).toEqual([]);
      const { file, recordId } = stage.patients.synthea;
      const answer = await world.backends.north.recordsHttp.raw('GET', `records/${recordId}`, {}, { attempts: 1 });
      const digest = createHash('sha256')
        .update(Buffer.from(await answer.arrayBuffer()))
        .digest('hex');
      expect(digest).toBe(file.sha256);
      expect(await scrub()).toMatchObject({ code: 0, view: { damaged: 0, unread: 0 } });
    }, 300_000);
  });
}
