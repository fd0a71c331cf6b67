import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { natsServerBinary } from '../binaries/sources.js';
import { answersOk, startChild, waitUntilReady } from '../machine/child.js';
import type { Child } from '../machine/child.js';
import { freePort } from '../machine/port.js';
import type { Report } from '../machine/progress.js';

/** A NATS server to start with JetStream that syncs each write before it acknowledges, and encrypts it. */
export interface NatsSpec {
  readonly name: string;
  readonly dir: string;
  readonly port?: number;
  readonly monitorPort?: number;
  /** Under which streams lie on disk; the server gets it in its environment, so that it is not beside them. */
  readonly streamKey: string;
  /** JetStream domain; two servers joined by a leaf need different ones. */
  readonly domain?: string;
  /** Further configuration in the server's own language: accounts, leaf nodes. */
  readonly extra?: string;
  readonly onStart?: (child: Child) => void;
}

/** A running NATS server. */
export interface NatsServer {
  readonly url: string;
  readonly monitorUrl: string;
  readonly child: Child;
}

/**
 * Starts nats-server. Its configuration is written to `dir/nats.conf` (0600), streams live in `dir/jetstream`.
 *
 * @throws Error it did not come up, or came up without `sync_interval: always` (acknowledged messages could then be lost)
 */
export async function startNats(spec: NatsSpec, report: Report): Promise<NatsServer> {
  const binary = await natsServerBinary(report);
  const port = spec.port ?? (await freePort());
  const monitorPort = spec.monitorPort ?? (await freePort());
  await mkdir(spec.dir, { recursive: true });
  const conf = join(spec.dir, 'nats.conf');
  await writeFile(
    conf,
    [
      `server_name: ${JSON.stringify(spec.name)}`,
      `listen: "127.0.0.1:${port}"`,
      `http: "127.0.0.1:${monitorPort}"`,
      'max_payload: 8MB',
      'jetstream {',
      `  store_dir: ${JSON.stringify(join(spec.dir, 'jetstream'))}`,
      '  sync_interval: always',
      '  cipher: aes',
      '  key: $JETSTREAM_KEY',
      ...(spec.domain === undefined ? [] : [`  domain: ${JSON.stringify(spec.domain)}`]),
      '}',
      spec.extra ?? '',
    ].join('\n'),
    { mode: 0o600 },
  );
  const child = await startChild({
    name: `nats ${spec.name}`,
    command: binary,
    args: ['--config', conf],
    // The server reads the value in its configuration's language, where 12ab would be no text.
    env: { PATH: process.env['PATH'] ?? '', JETSTREAM_KEY: JSON.stringify(spec.streamKey) },
    cwd: spec.dir,
    logFile: join(spec.dir, 'nats.log'),
    onStart: spec.onStart,
  });
  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  try {
    await waitUntilReady(child, () => answersOk(`${monitorUrl}/healthz?js-enabled-only=true`));
    const jsz = (await (await fetch(`${monitorUrl}/jsz`)).json()) as { config?: { sync_always?: boolean } };
    if (jsz.config?.sync_always !== true) throw new Error(`${child.name} runs without sync_interval always`);
  } catch (cause) {
    await child.kill();
    throw cause;
  }
  return { url: `nats://127.0.0.1:${port}`, monitorUrl, child };
}
