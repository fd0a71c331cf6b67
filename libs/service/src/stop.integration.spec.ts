import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, testNats, testPostgres } from '@cpds/local';

/** A service as a process that is told to stop while requests are under way. */

const program = fileURLToPath(new URL('testing/drawer.ts', import.meta.url));
const loader = new URL('../../../tools/jest/register.mjs', import.meta.url).href;

let postgres: Awaited<ReturnType<typeof testPostgres>>;
let nats: Awaited<ReturnType<typeof testNats>>;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  [postgres, nats] = await Promise.all([testPostgres(), testNats()]);
  folder = mkdtempSync(join(tmpdir(), 'stop-'));
  writeFileSync(join(folder, 'keys'), JSON.stringify({ kek: '11'.repeat(32) }), { mode: 0o600 });
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
  await Promise.all([postgres.close(), nats.close()]);
});

interface Drawer {
  child: ChildProcess;
  exited: Promise<unknown[]>;
  url: string;
}

/** Starts a process and returns when it says that it is ready. */
async function start(stopDelayMs: number): Promise<Drawer> {
  const port = await freePort();
  const child = spawn(process.execPath, ['--import', loader, program], {
    env: {
      PATH: process.env['PATH'],
      PARTY: 'north',
      PORT: String(port),
      LOG_LEVEL: 'warn',
      KEY_FILE: join(folder, 'keys'),
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      STOP_DELAY_MS: String(stopDelayMs),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await readiness(url)) === 'ready');
  return { child, exited: once(child, 'exit'), url };
}

/** What a process says of itself, or null if nobody is there. */
const readiness = async (url: string): Promise<unknown> => {
  try {
    return ((await (await fetch(`${url}/readyz`)).json()) as { status: unknown }).status;
  } catch {
    return null;
  }
};

async function until(fact: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await fact());) {
    if (Date.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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
    await until(async () => (await readiness(url)) === 'stopping');
    const late = await fetch(`${url}/upload`, { method: 'POST', body: 'late', headers: { 'content-type': 'x/y' } });
    expect([late.status, late.headers.get('connection'), await late.json()]).toEqual([201, 'close', { bytes: 4 }]);
    await until(async () => (await readiness(url)) === null);
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
    await until(async () => (await readiness(url)) === 'stopping');
    child.kill('SIGTERM');
    expect(await exited).toEqual([143, null]);
    await expect(upload!.answer).rejects.toThrow(/socket hang up|ECONNRESET/);
  });
});
