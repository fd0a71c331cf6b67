/** A chain with anchors for the tests of this folder, answered from memory. */

import { CheckpointAnchor } from '@cpds/contracts';
import { to0x } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { getAddress, id, Interface, type InterfaceAbi } from 'ethers';
import type { Fetch } from '../requests.js';
import type { MemoryLog } from './memory-log.js';

const anchorAbi = new Interface(CheckpointAnchor.abi as InterfaceAbi);
export const address = `0x${'aa'.repeat(20)}`;
/** Mixed case, as wallets and logs write it; the policy's is in lower case. */
export const account = getAddress(`0x${'cc'.repeat(20)}`);
export const lockedAccount = `0x${'bb'.repeat(20)}`;

/** Root of the first `size` entries. */
export function rootOf(log: MemoryLog, size: number): string {
  const read = ({ level, index }: tlog.TreeNode): Uint8Array =>
    level === 0
      ? tlog.leafHash(log.entries[index]!)
      : tlog.nodeHash(read({ level: level - 1, index: 2 * index }), read({ level: level - 1, index: 2 * index + 1 }));
  return to0x(tlog.hashRange({ from: 0, to: size }, read));
}

/** A chain that holds these anchors, by default of the log's own account and origin, and answers JSON-RPC. `strange` are other logs of the contract. */
export function chainOf(
  origin: string,
  anchors: { size: number; root: string; by?: string; of?: string }[],
  others: object[] = [],
  strange: object[] = [],
): Fetch {
  const made = anchors.map(({ size, root, by = account, of = origin }, block) => {
    const { topics, data } = anchorAbi.encodeEventLog('Anchored', [id(of), by, size, root, of]);
    return { topics, data, blockNumber: `0x${block}`, transactionHash: `0x${'0'.repeat(63)}${block}` };
  });
  const logs = [...strange, ...made];
  const last = anchors.filter(({ by, of }) => by === undefined && of === undefined).at(-1) ?? {
    size: 0,
    root: `0x${'00'.repeat(32)}`,
  };
  return async (_url, init) => {
    const { method, params } = JSON.parse(String(init?.body)) as { method: string; params: [{ address: string }] };
    const answer =
      method === 'eth_blockNumber'
        ? '0xff'
        : method === 'eth_call'
          ? anchorAbi.encodeFunctionResult('last', [[last.size, 0, last.root]])
          : params[0].address === address
            ? logs
            : others;
    return new Response(JSON.stringify({ jsonrpc: '2.0', id: 1, result: answer }));
  };
}
