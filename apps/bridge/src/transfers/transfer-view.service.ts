import type { TransferState, TransferView } from '@cpds/messages';
import { Injectable } from '@nestjs/common';
import { Bells } from '../bells.js';
import { deadlineOf } from './look-times.js';
import { OwnTransactions, TransferDriver } from './transfer-driver.js';
import { snapshotOf } from './transfer.row.js';
import { TransfersService } from './transfers.service.js';

/** Shows where a transfer is and why it waits, from its row. */
@Injectable()
export class TransferViewService {
  private readonly changes = new Bells();

  constructor(
    private readonly transfers: TransfersService,
    private readonly driver: TransferDriver,
    private readonly own: OwnTransactions,
  ) {
    transfers.onChange((row) => row.grantId && this.changes.ring(row.grantId));
  }

  /** Answers all who wait for a state, as this process stops. */
  endWaiting(): void {
    this.changes.end();
  }

  /**
   * @param whileState waits up to `waitSeconds` while the row is in this state
   * @throws AppError `unknown-grant`
   */
  async view(grantId: string, whileState?: TransferState, waitSeconds = 0): Promise<TransferView> {
    const other = async () => {
      const found = await this.transfers.byGrant(grantId);
      return found.state === whileState ? null : found;
    };
    const row =
      (await this.changes.until(grantId, waitSeconds * 1000, other)) ?? (await this.transfers.byGrant(grantId));
    const { lock, mint, refund } = await this.own.receipts(row);
    return {
      grantId: row.grantId,
      role: row.role,
      state: row.state,
      closeReason: row.closeReason,
      waitsFor: this.driver.waitsFor(row),
      deadline: deadlineOf(snapshotOf(row)),
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
