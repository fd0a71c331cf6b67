import { createServer } from 'node:net';

const handedOut = new Set<number>();

/**
 * A loopback TCP port that nothing listens on now. Taken below the range the system uses for outgoing connections, and
 * never twice by one process, so that what is started next very probably gets it; whoever starts a server on it still
 * has to try again if another program took the port.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (handedOut.has(port)) continue;
    if (await isFree(port)) {
      handedOut.add(port);
      return port;
    }
  }
  throw new Error('no free port between 20000 and 31999');
}

/** True when nothing listens on this loopback port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
