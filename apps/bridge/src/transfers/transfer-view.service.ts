import type { TransferView } from '@cpds/messages';
import { Injectable } from '@nestjs/common';
import { OwnTransactions } from './own-transactions.js';
import { TransferDriver } from './transfer-driver.js';
import type { TransferRow } from './transfer.row.js';
import { TransfersService } from './transfers.service.js';

/** Where a transfer is and why it waits, in the words of its row. */
@Injectable()
export class TransferViewService {
  constructor(
    private readonly transfers: TransfersService,
    private readonly driver: TransferDriver,
    private readonly own: OwnTransactions,
  ) {}

  /** @throws AppError `unknown-grant` */
  async view(grantId: string): Promise<TransferView> {
    const row = await this.transfers.byGrant(grantId);
    const { lock, mint, refund } = await this.own.receipts(row);
    return {
      grantId: row.grantId as TransferView['grantId'],
      role: row.role,
      state: row.state,
      closeReason: row.closeReason,
      waitsFor: this.driver.waitsFor(row),
      deadline: deadlineOf(row),
      home: row.home,
      destination: row.destination,
      lockTx: (lock?.tx as TransferView['lockTx']) ?? null,
      lockGas: lock?.gas ?? null,
      mintTx: (mint?.tx as TransferView['mintTx']) ?? null,
      mintGas: mint?.gas ?? null,
      refundTx: (refund?.tx as TransferView['refundTx']) ?? null,
      steps: row.steps.map(({ state, at }) => ({ state, at })),
      culprits: row.culprits,
    };
  }
}

/** When the state at hand must have ended (the table's last column), seconds. */
function deadlineOf(row: TransferRow): number | null {
  if (!row.grant || row.state === 'closed') return null;
  if (row.state === 'requested') return Number(row.requestExpires);
  if (row.state === 'consented' || row.state === 'lock-sent') return row.grant.lockBefore;
  if (row.state === 'locked' || row.state === 'vouched' || row.state === 'mint-sent') return row.grant.mintBefore;
  return row.grant.notAfter;
}
