import type { Hex } from '@cpds/contracts';
import type { ChainReceipt } from './block.js';
import type { Revert } from './revert.js';
import type { ChainTransactionRow } from './sender.row.js';

/** State of a transaction. Only `final`, `reverted`, `refused` and `cancelled` are ends. */
export type SendOutcome =
  | { readonly state: 'queued' }
  | { readonly state: 'sent'; readonly hash: Hex }
  | {
      readonly state: 'mined';
      readonly hash: Hex;
      readonly blockNumber: number;
      readonly blockHash: Hex;
      readonly succeeded: boolean;
    }
  | ({ readonly state: 'final' } & Settled)
  | ({ readonly state: 'reverted'; readonly revert: Revert | null } & Settled)
  /** Never signed: the contract would have refused it. Submitting the same key again tries again. */
  | { readonly state: 'refused'; readonly revert: Revert | null }
  | { readonly state: 'cancelled'; readonly hash: Hex | null };

interface Settled {
  readonly hash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly gasUsed: number;
}

/** States in which a transaction still moves. */
export const openStates = ['queued', 'sent', 'mined'] as const;

/** True for the states that a transaction never leaves. */
export function isEnd(outcome: SendOutcome): boolean {
  return !openStates.some((state) => state === outcome.state);
}

/** The columns of the row that a receipt fills. */
export function blockOf(
  receipt: ChainReceipt,
): Pick<ChainTransactionRow, 'blockNumber' | 'blockHash' | 'succeeded' | 'gasUsed'> {
  const { blockNumber, blockHash, succeeded, gasUsed } = receipt;
  return { blockNumber, blockHash, succeeded, gasUsed };
}

/** The part of a row that the caller of `Sender` sees. */
export function outcomeOf(row: ChainTransactionRow): SendOutcome {
  const hash = row.hash as Hex;
  const block = { hash, blockNumber: row.blockNumber!, blockHash: row.blockHash as Hex };
  switch (row.state) {
    case 'queued':
      return { state: 'queued' };
    case 'sent':
      return { state: 'sent', hash };
    case 'mined':
      return { state: 'mined', ...block, succeeded: row.succeeded! };
    case 'final':
      return { state: 'final', ...block, gasUsed: row.gasUsed! };
    case 'reverted':
      return { state: 'reverted', ...block, gasUsed: row.gasUsed!, revert: row.revert };
    case 'refused':
      return { state: 'refused', revert: row.revert };
    case 'cancelled':
      return { state: 'cancelled', hash: row.cancelHash as Hex | null };
  }
}
