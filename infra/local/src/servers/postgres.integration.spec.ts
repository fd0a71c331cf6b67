import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from './postgres.js';

/** Longer than Postgres itself waits before it kills a child that does not quit (5 s). */
const postgresKillsAfterMs = 6_000;
const silent = () => undefined;

describe('a durable Postgres', () => {
  it('whose last checkpoint does not come to an end is stopped, and starts again on its data', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cpds-postgres-'));
    const first = await startPostgres({ dir, durable: true }, silent);
    const checkpointer = checkpointerOf(first.child!.id.pid);
    process.kill(checkpointer, 'SIGSTOP');
    try {
      await first.child!.stop(postgresKillsAfterMs);
      const second = await startPostgres({ dir, durable: true }, silent);
      await second.child!.stop();
    } finally {
      if (existsSync(`/proc/${checkpointer}`)) process.kill(checkpointer, 'SIGKILL');
    }
    await rm(first.dataDir, { recursive: true });
    await rm(dir, { recursive: true, force: true });
  });
});

function checkpointerOf(postmaster: number): number {
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ');
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('checkpointer'));
  if (found === undefined) throw new Error('this Postgres has no checkpointer');
  return Number(found);
}
