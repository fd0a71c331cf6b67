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

/** Codes of a failed execution: 3 in geth, erigon, reth and anvil, -32015 in Nethermind and its forerunner Parity. */
const executionFailed: readonly number[] = [3, -32015];

/**
 * How nodes say without bytes that the contract ended the call: "execution reverted" (geth), "Execution reverted" (besu),
 * "VM Exception while processing transaction" (hardhat, ganache), "VM execution error" (Nethermind); an assertion of old
 * Solidity is an invalid opcode, which Parity calls a bad instruction; and a call that no gas suffices for.
 */
const executionWords =
  /revert|vm (?:exception|execution error)|invalid (?:opcode|jump)|bad (?:instruction|jump)|stack (?:under|over)flow|out of gas|gas required exceeds/i;

/** The revert in `error`, or null when it is another kind of failure. */
export function revertOf(error: unknown, interfaces: readonly Interface[]): Revert | null {
  if (!(error instanceof RpcRefused)) return null;
  if (error.data !== undefined && error.data !== '0x') return decodeRevert(error.data, interfaces);
  const isRevert = executionFailed.includes(error.rpcCode) || executionWords.test(error.message);
  return isRevert ? { name: 'unknown', args: {}, selector: '0x' } : null;
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
