/** Why a contract refused: its custom error by name, read with the ABIs at hand. */

import type { Interface } from 'ethers';
import { RpcRefused } from './rpc.js';

/** A custom error of a contract. `name` is `unknown` where no ABI has it; `args` are decimal or hex text. */
export interface Revert {
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
  /** The four-byte selector, for what could not be decoded. */
  readonly selector: string;
}

/** The revert in `error`, or null when it is another kind of failure. */
export function revertOf(error: unknown, interfaces: readonly Interface[]): Revert | null {
  if (!(error instanceof RpcRefused)) return null;
  if (error.data !== undefined && error.data !== '0x') return decodeRevert(error.data, interfaces);
  // Without bytes a revert is known by code 3 (geth, anvil) or by its words; anything else is a failure of the node.
  return error.rpcCode === 3 || /revert/i.test(error.message) ? { name: 'unknown', args: {}, selector: '0x' } : null;
}

/** Decodes revert bytes with the first ABI that knows their selector. */
export function decodeRevert(data: string, interfaces: readonly Interface[]): Revert {
  const selector = data.slice(0, 10);
  for (const abi of interfaces) {
    const found = abi.parseError(data);
    if (!found) continue;
    const args: Record<string, string> = {};
    found.fragment.inputs.forEach((input, i) => (args[input.name || String(i)] = String(found.args[i])));
    return { name: found.name, args, selector };
  }
  return { name: 'unknown', args: {}, selector };
}
