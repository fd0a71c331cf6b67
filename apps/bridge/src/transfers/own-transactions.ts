import type { Facts } from './facts.js';
import type { TransferReceipt, TransferRow } from './transfer.row.js';

export type SentFacts = Pick<Facts, 'lockTx' | 'mintTx' | 'refundTx'>;

/** What became of the transactions this process sent for a row. */
export abstract class OwnTransactions {
  abstract sent(row: TransferRow): Promise<SentFacts>;
  /** Hash and gas of those that are final. */
  abstract receipts(
    row: TransferRow,
  ): Promise<{ lock?: TransferReceipt; mint?: TransferReceipt; refund?: TransferReceipt }>;
}

export const sentNothing: SentFacts = { lockTx: 'missing', mintTx: 'missing', refundTx: 'missing' };

/** For roles whose rows decide nothing by their own transactions: vouchers and storemen. */
export class NoTransactions extends OwnTransactions {
  async sent(): Promise<SentFacts> {
    return sentNothing;
  }

  async receipts(): Promise<Record<string, never>> {
    return {};
  }
}
