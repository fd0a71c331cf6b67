import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { waitFor } from '@cpds/cli';
import { testPostgresTools } from '@cpds/local';
import { OutboxAgreement } from '@cpds/messages';
import { rowsOf } from '../support/database.js';
import { expectLogsWithoutGaps } from '../support/once.js';
import type { Stage } from '../support/stage.js';

const run = promisify(execFile);
const cpds = fileURLToPath(new URL('../../../apps/cli/bin/cpds.mjs', import.meta.url));
const producer = 'records.north';

/** A database is restored from a dump while the audit log goes on: the drill that an operator would make. */
export function restoredSuite(stageOf: () => Stage): void {
  describe('a database that was restored from a dump', () => {
    it('gives nothing out until `cpds outbox agree`; then the same history goes on', async () => {
      const stage = stageOf();
      const { world, launched } = stage;
      const { file, recordId } = stage.patients.killed;
      const url = world.consortium.servers.databases[producer] as string;
      const folder = mkdtempSync(join(tmpdir(), 'cpds-dump-'));
      const dump = join(folder, 'dump');
      const tool = async (name: string, ...args: string[]) => run(join(await testPostgresTools(), name), args);
      const read = async (): Promise<string> => {
        const answer = await world.backends.north.recordsHttp.raw('GET', `records/${recordId}`, {}, { attempts: 1 });
        return createHash('sha256')
          .update(Buffer.from(await answer.arrayBuffer()))
          .digest('hex');
      };
      const logged = (type: string) =>
        rowsOf<{ seq: string }>(
          world,
          'audit.north',
          `SELECT seq FROM event WHERE producer = $1 AND leaf_index IS NOT NULL
           AND convert_from(leaf, 'UTF8') LIKE '%' || $2 || '%' ORDER BY seq DESC`,
          [producer, type],
        );
      try {
        await tool('pg_dump', '--format=custom', `--file=${dump}`, url);
        for (let reading = 0; reading < 3; reading += 1) expect(await read()).toBe(file.sha256);
        const lastSeq = Number((await logged('records.object-read.v1'))[0]!.seq);
        await world.consortium.stopProcess(producer);
        await tool('pg_restore', '--clean', '--no-owner', '--no-privileges', `--dbname=${url}`, dump);
        await launched.restart([producer]);

        await expect(read()).rejects.toMatchObject({ code: 'log-disagrees', kind: 'unavailable' });
        await expect(read()).rejects.toMatchObject({ code: 'log-disagrees' });

        const { stdout } = await run(process.execPath, [
          cpds,
          'outbox',
          'agree',
          producer,
          '--json',
          '--dir',
          world.consortium.dir,
        ]);
        const agreement = OutboxAgreement.parse(JSON.parse(stdout));
        expect(agreement).toMatchObject({ producer, changed: true });
        expect(agreement.lastSeq).toBeLessThan(agreement.logSeq + agreement.renumbered);
        expect(agreement.logSeq).toBeGreaterThanOrEqual(lastSeq);

        expect(await read()).toBe(file.sha256);
        const [agreed] = await waitFor('the event of the agreement', async () => {
          const found = await logged('records.outbox-agreed.v1');
          return found.length > 0 ? found : null;
        });
        expect(Number(agreed!.seq)).toBe(agreement.logSeq + 1);
        await expectLogsWithoutGaps(world);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }, 300_000);
  });
}
