import { createServer } from 'node:http';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Child } from '../machine/child.js';
import { reportToStderr } from '../machine/progress.js';
import { startAnvil } from '../servers/anvil.js';
import { startMinio } from '../servers/minio.js';
import { startNats } from '../servers/nats.js';
import { startPostgres } from '../servers/postgres.js';

/**
 * The one process that owns every server of a test run. It starts them when first asked over a Unix socket and stops them all when its standard
 * input closes: the pipe's other end is the test runner, so however that ends, also by kill -9, no server is left.
 */
const dir = process.argv[2];
if (dir === undefined) throw new Error('usage: supervisor DIR');
// As root, Postgres runs as another user, who has to pass through this folder.
chmodSync(dir, 0o711);

const children = new Map<number, Child>();
const remove = [dir];
let nextDir = 0;
const newDir = (name: string) => {
  nextDir += 1;
  const path = join(dir, `${name}-${nextDir}`);
  mkdirSync(path, { recursive: true });
  return path;
};

const keep = <T extends { child: Child | null }>(server: T): T => {
  if (server.child !== null) children.set(server.child.id.pid, server.child);
  return server;
};
const once = <T>(start: () => Promise<T>) => {
  let started: Promise<T> | undefined;
  return () => (started ??= start());
};

const postgres = once(async () => {
  const named = process.env['CPDS_POSTGRES_URL'];
  if (named !== undefined) return { adminUrl: named };
  const server = keep(await startPostgres({ dir, durable: false }, reportToStderr));
  remove.push(server.dataDir);
  return { adminUrl: server.adminUrl };
});
const objectStore = once(async () => {
  const { endpoint, root } = keep(await startMinio({ dir }, reportToStderr));
  return { endpoint, root };
});

/** What a test may wish of its server; each looks at its own. */
interface Wishes {
  readonly chainId?: number;
  readonly blockTimeSec?: number;
  readonly extra?: string;
  readonly pid?: number;
}

const answers: Record<string, (wishes: Wishes) => Promise<unknown>> = {
  '/postgres': postgres,
  '/own-postgres': async () => {
    const { adminUrl, child, dataDir } = keep(
      await startPostgres({ dir: newDir('postgres'), durable: false }, reportToStderr),
    );
    remove.push(dataDir);
    return { url: adminUrl, pid: child?.id.pid };
  },
  '/object-store': objectStore,
  '/nats': async ({ extra }) => {
    const spec = { name: 'test', dir: newDir('nats'), streamKey: 'for tests', extra };
    const { url, monitorUrl, child } = keep(await startNats(spec, reportToStderr));
    return { url, monitorUrl, pid: child.id.pid };
  },
  '/anvil': async ({ chainId = 31_337, blockTimeSec = 1 }) => {
    const { url, child } = keep(await startAnvil({ dir: newDir('anvil'), chainId, blockTimeSec, keepState: false }));
    return { url, chainId, pid: child.id.pid };
  },
  '/stop': async ({ pid = 0 }) => {
    await children.get(pid)?.kill();
    children.delete(pid);
    return {};
  },
};

const underWay = new Set<Promise<unknown>>();
const server = createServer((request, response) => {
  let text = '';
  request.on('data', (part: Buffer) => (text += part.toString()));
  request.on('end', () => {
    const answer = answers[request.url ?? ''];
    const work =
      answer === undefined ? Promise.reject(new Error(`no such server: ${request.url}`)) : answer(JSON.parse(text));
    underWay.add(work);
    void work.finally(() => underWay.delete(work)).catch(() => undefined);
    work.then(
      (value) => response.end(JSON.stringify({ value })),
      (cause: Error) => response.writeHead(500).end(JSON.stringify({ error: cause.message })),
    );
  });
});

let closing = false;
const close = async () => {
  if (closing) return;
  closing = true;
  server.close();
  server.closeAllConnections();
  // A server that is just starting has no entry in `children` yet.
  await Promise.allSettled(underWay);
  // SIGTERM, not SIGKILL: Postgres has to reap its own children.
  await Promise.all([...children.values()].map((child) => child.stop(3_000)));
  for (const path of remove) rmSync(path, { recursive: true, force: true });
  process.exit(0);
};
process.stdin.on('end', () => void close());
process.stdin.on('close', () => void close());
process.stdin.resume();
// Ctrl-C reaches the whole foreground group; the runner's end is what counts here.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => void close());
server.listen(join(dir, 'socket'), () => process.stdout.write('ready\n'));
