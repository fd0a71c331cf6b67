import type { World } from '@cpds/cli';
import { LockedAccount, MappedDeeds, TransferLedger } from '@cpds/contracts';

/** A log as `eth_getLogs` gives it. */
interface Log {
  readonly address: string;
  readonly topics: readonly string[];
}

let nextId = 0;

/** JSON-RPC calls in one HTTP request, answered in their order. @throws Error with the node's refusal */
export async function rpc<T>(url: string, calls: readonly { method: string; params: unknown[] }[]): Promise<T[]> {
  const body = calls.map((call) => ({ jsonrpc: '2.0', id: (nextId += 1), ...call }));
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answers = (await response.json()) as { id: number; result?: T; error?: { message: string } }[];
  return body.map(({ id, method }) => {
    const answer = answers.find((one) => one.id === id);
    if (answer?.result === undefined) throw new Error(`${method}: ${answer?.error?.message ?? 'no answer'}`);
    return answer.result;
  });
}

/** How often contracts emitted each event of a grant, from the first block to the head. */
export interface GrantEvents {
  readonly locked: number;
  readonly lockClosed: number;
  readonly lockVoided: number;
  readonly mapped: number;
  readonly mappingClosed: number;
  readonly mappingVoided: number;
  /** Accounts of vouchers, one entry for each vouch. */
  readonly vouchers: readonly string[];
}

/** The events of one grant on all three chains. */
export async function eventsOf({ addresses, consortium }: World, grantId: string): Promise<GrantEvents> {
  const { chains } = consortium.servers;
  const logs = async (url: string, address: string, topic: string): Promise<Log[]> => {
    const filter = { address, topics: [topic, grantId], fromBlock: '0x0', toBlock: 'latest' };
    return (await rpc<Log[]>(url, [{ method: 'eth_getLogs', params: [filter] }]))[0] as Log[];
  };
  const [locked, lockClosed, lockVoided, mapped, mappingClosed, mappingVoided, vouches] = await Promise.all([
    logs(chains.north, addresses.north.lockedAccount, LockedAccount.topics.Locked),
    logs(chains.north, addresses.north.lockedAccount, LockedAccount.topics.LockClosed),
    logs(chains.north, addresses.north.lockedAccount, LockedAccount.topics.LockVoided),
    logs(chains.south, addresses.south.mappedDeeds, MappedDeeds.topics.Mapped),
    logs(chains.south, addresses.south.mappedDeeds, MappedDeeds.topics.MappingClosed),
    logs(chains.south, addresses.south.mappedDeeds, MappedDeeds.topics.MappingVoided),
    logs(chains.hub, addresses.hub.transferLedger, TransferLedger.topics.VouchGiven),
  ]);
  return {
    locked: locked.length,
    lockClosed: lockClosed.length,
    lockVoided: lockVoided.length,
    mapped: mapped.length,
    mappingClosed: mappingClosed.length,
    mappingVoided: mappingVoided.length,
    vouchers: vouches.map(({ topics }) => topics[2] as string),
  };
}

/** Every block with its transactions, every receipt's logs and every stored event of a chain, as text. */
export async function wholeChain(url: string): Promise<string> {
  const [head] = await rpc<string>(url, [{ method: 'eth_blockNumber', params: [] }]);
  const parts: string[] = [];
  for (let from = 0; from <= Number(head); from += 100) {
    const numbers = Array.from(
      { length: Math.min(100, Number(head) - from + 1) },
      (_, at) => `0x${(from + at).toString(16)}`,
    );
    const blocks = await rpc(
      url,
      numbers.map((number) => ({ method: 'eth_getBlockByNumber', params: [number, true] })),
    );
    parts.push(JSON.stringify(blocks));
  }
  const [logs] = await rpc(url, [{ method: 'eth_getLogs', params: [{ fromBlock: '0x0', toBlock: 'latest' }] }]);
  return [...parts, JSON.stringify(logs)].join('\n');
}
