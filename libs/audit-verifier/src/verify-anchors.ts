/** Compares a log with its anchors on the chains: every anchor ever made must be a prefix of the log. */

import { fromHex, toHex } from '@cpds/crypto/bytes';
import { CheckpointAnchor } from '@cpds/contracts';
import type { Discrepancy } from './discrepancy.js';
import type { Policy } from './policy.js';
import type { Requests } from './requests.js';
import { Rpc, type RpcLog } from './rpc.js';
import type { VerifiedLog } from './verify-log.js';

/** The newest anchor of a log on one contract. */
export interface VerifiedAnchor {
  readonly origin: string;
  readonly rpc: string;
  readonly address: string;
  /** Leaves that are anchored; 0 for none. */
  readonly size: number;
  readonly rootHex: string;
  readonly transaction: string | null;
  readonly blockNumber: number | null;
  /** Anchors compared with the log, this one included. */
  readonly checked: number;
}

/** What a contract tells of the anchors of one log. */
export interface AnchorFacts {
  /** `last(origin)`; size 0 for none. */
  readonly last: { readonly size: bigint; readonly root: string };
  /** Every `Anchored` event by the log's account. */
  readonly made: readonly { readonly size: bigint; readonly root: string; readonly entry: RpcLog }[];
}

/** Reads every anchor that the account made on the contract. @throws NoAnswer */
export async function readAnchors(policy: Policy['anchors'][number], requests: Requests): Promise<AnchorFacts> {
  const rpc = new Rpc(policy.rpc, requests);
  const last = await new CheckpointAnchor(policy.address, rpc).last(policy.account, policy.origin);
  const made = (await rpc.logs(policy.address)).flatMap((entry) => {
    const event = CheckpointAnchor.decodeLog(entry);
    const isTheirs = event?.args.origin === policy.origin && isSame(event.args.account, policy.account);
    return isTheirs ? [{ ...event.args, entry }] : [];
  });
  return { last, made };
}

/** Compares every anchor with `log`, and returns the newest. */
export function verifyAnchor(
  policy: Policy['anchors'][number],
  { last, made }: AnchorFacts,
  log: VerifiedLog,
): { anchor: VerifiedAnchor; discrepancies: Discrepancy[] } {
  const discrepancies: Discrepancy[] = [];
  const say = (code: string, message: string): void => void discrepancies.push({ code, party: log.party, message });

  const size = Number(last.size);
  if (size === 0)
    say('not-anchored', `${policy.account} anchored no checkpoint of ${policy.origin} at ${policy.address}`);
  const all = size === 0 ? made : [...made, { size: last.size, root: last.root, entry: null }];
  for (const anchor of all) {
    const root = log.rootAt(Number(anchor.size));
    if (root === null) say('log-truncated', `${anchor.size} leaves were anchored, the log shows ${log.size}`);
    else if (toHex(root) !== toHex(fromHex(anchor.root, 'root')))
      say('log-forked', `the log of ${anchor.size} leaves does not have the root that was anchored`);
  }
  const newest = made.find((anchor) => Number(anchor.size) === size)?.entry;
  return {
    anchor: {
      origin: policy.origin,
      rpc: policy.rpc,
      address: policy.address,
      size,
      rootHex: last.root,
      transaction: newest?.transactionHash ?? null,
      blockNumber: newest === undefined ? null : Number(newest.blockNumber),
      checked: all.length,
    },
    discrepancies,
  };
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
