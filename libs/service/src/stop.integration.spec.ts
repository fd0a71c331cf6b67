import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type Drawer, type Drawers, drawers, readinessAt, until } from './testing/drawers.js';

/** A service as a process that is told to stop while requests are under way. */

let all: Drawers;

beforeAll(async () => {
  all = await drawers();
});

afterAll(() => all.close());

/** Starts a process and returns when it says that it is ready. */
async function start(stopDelayMs: number): Promise<Drawer> {
  const drawer = await all.start({ STOP_DELAY_MS: String(stopDelayMs) });
  await until(async () => (await readinessAt(drawer.url)) === 'ready');
  return drawer;
}

/** A request under way: half of its body was sent. */
class Upload {
  private readonly sending: ClientRequest;
  readonly answer: Promise<{ status: number | undefined; connection: string | undefined; body: unknown }>;

  constructor(url: string) {
    const headers = { 'content-type': 'application/dicom', 'content-length': '20' };
    this.sending = request(`${url}/upload`, { method: 'POST', headers });
    this.answer = this.read();
    this.answer.catch(() => undefined); // each test says what it expects of it
    this.sending.write(Buffer.alloc(10));
  }

  finish(): void {
    this.sending.end(Buffer.alloc(10));
  }

  private async read(): Promise<Awaited<Upload['answer']>> {
    const [answer] = (await once(this.sending, 'response')) as [IncomingMessage];
    let text = '';
    for await (const piece of answer) text += String(piece);
    return { status: answer.statusCode, connection: answer.headers.connection, body: JSON.parse(text) };
  }
}

/** Requests that have surely arrived: a later one of the same process was answered. */
async function underWay(url: string, count: number): Promise<Upload[]> {
  const uploads = Array.from({ length: count }, () => new Upload(url));
  await fetch(`${url}/healthz`);
  await fetch(`${url}/healthz`);
  return uploads;
}

describe('a process that is told to stop', () => {
  it('says so, serves on for a while, takes no more, finishes what runs and ends', async () => {
    const { child, exited, url } = await start(1_000);
    const uploads = await underWay(url, 8);
    child.kill('SIGTERM');
    await until(async () => (await readinessAt(url)) === 'stopping');
    const late = await fetch(`${url}/upload`, { method: 'POST', body: 'late', headers: { 'content-type': 'x/y' } });
    expect([late.status, late.headers.get('connection'), await late.json()]).toEqual([201, 'close', { bytes: 4 }]);
    await until(async () => (await readinessAt(url)) === null);
    expect(child.exitCode).toBeNull();
    for (const upload of uploads) upload.finish();
    const done = { status: 201, connection: 'close', body: { bytes: 20 } };
    expect(await Promise.all(uploads.map(({ answer }) => answer))).toEqual(uploads.map(() => done));
    expect(await exited).toEqual([0, null]);
  });

  it('does not wait for a request for ever', async () => {
    const { child, exited, url } = await start(0);
    const [upload] = await underWay(url, 1);
    child.kill('SIGTERM');
    await expect(upload!.answer).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect(await exited).toEqual([0, null]);
  });

  it('ends at once when it is told again', async () => {
    const { child, exited, url } = await start(60_000);
    const [upload] = await underWay(url, 1);
    child.kill('SIGTERM');
    await until(async () => (await readinessAt(url)) === 'stopping');
    child.kill('SIGTERM');
    expect(await exited).toEqual([143, null]);
    await expect(upload!.answer).rejects.toThrow(/socket hang up|ECONNRESET/);
  });
});
