import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { anvilBinary } from '../binaries/sources.js';
import { startChild, waitUntilReady } from '../machine/child.js';
import type { Child } from '../machine/child.js';
import { freePort } from '../machine/port.js';

/** A development chain to start. */
export interface AnvilSpec {
  readonly dir: string;
  readonly chainId: number;
  readonly blockTimeSec: number;
  readonly port?: number;
  /** Dump the state to `dir/state.json` every ten seconds and on a clean stop, and load it from there: a chain that is used again. */
  readonly keepState: boolean;
  readonly name?: string;
  readonly onStart?: (child: Child) => void;
}

/** A running anvil. */
export interface Anvil {
  readonly url: string;
  readonly port: number;
  readonly chainId: number;
  readonly child: Child;
}

/** The accounts of anvil's well-known test mnemonic, in order. Public: worth nothing anywhere else. */
export const anvilKeys: readonly string[] = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
  '0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a',
  '0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba',
  '0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e',
  '0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356',
  '0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97',
  '0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6',
];

/** Blocks of a kept chain come at most so many milliseconds after whole seconds; anvil is started up to `starts` times for it. */
const latestMs = 250;
const starts = 5;
/** The moment to aim at: a little after the whole second, so that no block comes a little before it. */
const aimedAtMs = 80;

/**
 * Starts anvil with blocks every `blockTimeSec` and as soon as a transaction comes (mixed mining), under the rules of
 * Paris (the contracts are compiled for them). The blocks of a kept chain come just after whole seconds, as those of a
 * QBFT chain do: a block's age is counted in whole seconds, so blocks late in a second would be final a second later.
 */
export async function startAnvil(spec: AnvilSpec): Promise<Anvil> {
  const port = spec.port ?? (await freePort());
  const genesis = spec.keepState ? await dropForeignGenesis(spec.dir) : null;
  // anvil counts its seconds from when it is ready to mine: how long after its start that is depends on machine and state
  let earlierMs = 0;
  for (let left = spec.keepState ? starts : 1; ; left--) {
    if (spec.keepState) await delay(1000 - ((Date.now() + earlierMs) % 1000));
    const anvil = await startOnce(spec, port);
    try {
      const lateMs = left > 1 ? await latenessOf(anvil) : 0;
      if (lateMs <= latestMs) {
        if (spec.keepState) await keepGenesis(anvil.child, anvil.url, spec.dir, genesis);
        return anvil;
      }
      earlierMs += lateMs - aimedAtMs;
    } catch (cause) {
      await anvil.child.kill();
      throw cause;
    }
    await anvil.child.kill(); // kill, not stop: a stop would dump a chain that was never used
  }
}

async function startOnce(spec: AnvilSpec, port: number): Promise<Anvil> {
  const child = await startChild({
    name: spec.name ?? `anvil ${spec.chainId}`,
    command: await anvilBinary(),
    args: [
      ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(spec.chainId)],
      ...['--block-time', String(spec.blockTimeSec), '--mixed-mining', '--hardfork', 'paris'],
      ...(spec.keepState ? ['--state', join(spec.dir, 'state.json'), '--state-interval', '10'] : []),
      '--silent',
    ],
    env: { HOME: spec.dir, PATH: process.env['PATH'] ?? '' },
    cwd: spec.dir,
    logFile: join(spec.dir, 'anvil.log'),
    onStart: spec.onStart,
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await waitUntilReady(child, () => answersChainId(url, spec.chainId));
  } catch (cause) {
    await child.kill();
    throw cause;
  }
  return { url, port, chainId: spec.chainId, child };
}

/** How long after a whole second the next block comes, milliseconds. */
async function latenessOf({ url, child }: Anvil): Promise<number> {
  const before = await rpc<string>(url, 'eth_blockNumber', []);
  await waitUntilReady(child, async () => (await rpc<string>(url, 'eth_blockNumber', [])) !== before, 60_000, 10);
  return Date.now() % 1000;
}

/** Block 0 as the first start of a chain made it. */
interface Genesis {
  readonly hash: string;
  readonly timestamp: number;
}

/**
 * Removes from the dump all blocks 0 but that of the first start. Every start of anvil makes a block 0 of its own and
 * dumps it beside the loaded one; a later load puts one of them in place by chance, and the chain's identity would
 * change with it. Returns that of the first start, or null before there was one.
 */
async function dropForeignGenesis(dir: string): Promise<Genesis | null> {
  const kept = await readJson<Genesis>(join(dir, 'genesis.json'));
  const state = await readJson<{ blocks: { header: { number: string; timestamp: string } }[] }>(
    join(dir, 'state.json'),
  );
  if (kept === null || state === null) return kept;
  state.blocks = state.blocks.filter(
    ({ header }) => Number(header.number) !== 0 || Number(header.timestamp) === kept.timestamp,
  );
  await writeFile(join(dir, 'state.json.new'), JSON.stringify(state));
  await rename(join(dir, 'state.json.new'), join(dir, 'state.json'));
  return kept;
}

/**
 * Writes down block 0 of a new chain. Checks that an old chain still has the same one, and waits for new blocks: states
 * older than the dump are gone, and services read a little behind the head.
 */
async function keepGenesis(child: Child, url: string, dir: string, known: Genesis | null): Promise<void> {
  const block = await rpc<{ hash: string; timestamp: string }>(url, 'eth_getBlockByNumber', ['0x0', false]);
  if (known === null) {
    await writeFile(
      join(dir, 'genesis.json'),
      JSON.stringify({ hash: block.hash, timestamp: Number(block.timestamp) }),
    );
    return;
  }
  if (block.hash !== known.hash) throw new Error(`${child.name} lost its blocks: remove its data (cpds down --reset)`);
  const loaded = Number(await rpc<string>(url, 'eth_blockNumber', []));
  await waitUntilReady(child, async () => Number(await rpc<string>(url, 'eth_blockNumber', [])) >= loaded + 3);
}

async function rpc<T>(url: string, method: string, params: readonly unknown[]): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(5_000),
  });
  return ((await response.json()) as { result: T }).result;
}

async function readJson<T>(path: string): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw cause;
  });
  return text === null ? null : (JSON.parse(text) as T);
}

/** False while it does not listen yet or still loads its state. */
async function answersChainId(url: string, chainId: number): Promise<boolean> {
  return rpc<string>(url, 'eth_chainId', []).then(
    (answer) => Number(answer) === chainId,
    () => false,
  );
}
