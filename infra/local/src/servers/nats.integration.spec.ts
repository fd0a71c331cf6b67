import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startNats } from './nats.js';

const planted = 'planted-detail-string';

/** Everything that lies under a folder. */
function bytesUnder(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}

describe('a NATS server', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cpds-nats-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  it('keeps no message readable on disk, nor the key beside it, and opens it after a restart', async () => {
    const spec = { name: 'test', dir, streamKey: '12 keys of the streams' };
    const first = await startNats(spec, () => undefined);
    const writer = await connect({ servers: first.url });
    await (await jetstreamManager(writer)).streams.add({ name: 'EVENTS', subjects: ['records.>'] });
    await jetstream(writer).publish('records.object-read.v1', planted);
    await writer.close();
    await first.child.kill();

    const lying = bytesUnder(dir);
    expect(readdirSync(join(dir, 'jetstream'), { recursive: true }).some((name) => /\.blk$/.test(`${name}`))).toBe(
      true,
    );
    expect(lying.includes(planted)).toBe(false);
    expect(lying.includes(spec.streamKey)).toBe(false);

    const second = await startNats(spec, () => undefined);
    const reader = await connect({ servers: second.url });
    const message = await (await jetstreamManager(reader)).streams.getMessage('EVENTS', { seq: 1 });
    expect(message?.string()).toBe(planted);
    await reader.close();
    await second.child.kill();
  }, 60_000);
});
