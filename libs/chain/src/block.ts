/** What the project keeps of a block, a log and a receipt. Numbers are safe integers, times are seconds, hashes `0x` hex in lower case. */

import type { Hex } from '@cpds/contracts';

export interface BlockRef {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** The block's own timestamp, in seconds, as its producer claims it. */
  readonly timestamp: number;
}

export interface ChainLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

export interface ChainReceipt {
  readonly hash: Hex;
  readonly succeeded: boolean;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly gasUsed: number;
  /** Address of the contract a creation made. */
  readonly contractAddress: Hex | null;
  readonly logs: readonly ChainLog[];
}

/** Selects logs of any of the addresses, with any of the values at each topic position (null: every value). */
export interface LogFilter {
  readonly addresses?: readonly string[];
  readonly topics?: readonly (string | readonly string[] | null)[];
}

export interface RawBlock {
  number: string;
  hash: string;
  parentHash: string;
  timestamp: string;
  /** Hashes only: blocks are asked for without the transactions' bodies. */
  transactions?: unknown[];
}

export interface RawLog {
  address: string;
  topics: string[];
  data: string;
  blockNumber: string;
  blockHash: string;
  transactionHash: string;
  logIndex: string;
}

export interface RawReceipt {
  transactionHash: string;
  status: string;
  blockNumber: string;
  blockHash: string;
  gasUsed: string;
  contractAddress: string | null;
  logs: RawLog[];
}

/** Parses a JSON-RPC quantity; refuses a number that is no safe integer instead of rounding it. */
export function quantity(text: string): number {
  const value = Number(text);
  if (!/^0x[0-9a-fA-F]+$/.test(text) || !Number.isSafeInteger(value))
    throw new TypeError(`not a quantity: ${text.slice(0, 80)}`);
  return value;
}

/** Writes a number as a JSON-RPC quantity. */
export function toQuantity(value: number | bigint): Hex {
  return `0x${value.toString(16)}`;
}

function hex(text: string): Hex {
  if (!/^0x[0-9a-fA-F]*$/.test(text)) throw new TypeError('not hex');
  return text.toLowerCase() as Hex;
}

export function parseBlock(raw: RawBlock): BlockRef {
  return {
    number: quantity(raw.number),
    hash: hex(raw.hash),
    parentHash: hex(raw.parentHash),
    timestamp: quantity(raw.timestamp),
  };
}

export function parseLog(raw: RawLog): ChainLog {
  return {
    address: hex(raw.address),
    topics: raw.topics.map(hex),
    data: hex(raw.data),
    blockNumber: quantity(raw.blockNumber),
    blockHash: hex(raw.blockHash),
    transactionHash: hex(raw.transactionHash),
    logIndex: quantity(raw.logIndex),
  };
}

export function parseReceipt(raw: RawReceipt): ChainReceipt {
  return {
    hash: hex(raw.transactionHash),
    succeeded: quantity(raw.status) === 1,
    blockNumber: quantity(raw.blockNumber),
    blockHash: hex(raw.blockHash),
    gasUsed: quantity(raw.gasUsed),
    contractAddress: raw.contractAddress ? hex(raw.contractAddress) : null,
    logs: raw.logs.map(parseLog),
  };
}

/** Names one log on one branch of the chain: a reorg that moves the log changes its name. */
export function logId(log: ChainLog): string {
  return `${log.blockHash}:${log.logIndex}`;
}
