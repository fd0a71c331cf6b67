import { parse } from '@cpds/errors';
import { GrantId, TransferState, WaitSeconds, type TransferView } from '@cpds/messages';
import { Scopes } from '@cpds/service';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { TransferViewService } from './transfer-view.service.js';

/** State of grants, for hospital backends and operators. */
@Controller('grants')
export class TransfersHttpController {
  constructor(private readonly transfers: TransferViewService) {}

  /**
   * Shows a transfer: state, what it waits for, deadline, steps, transactions, culprits.
   * With `whileState` it waits for another state, 25 s at most.
   */
  @Get(':grantId')
  @Scopes('bridge.read')
  view(
    @Param('grantId') grantId: string,
    @Query('whileState') whileState?: string,
    @Query('waitSeconds') wait?: string,
  ): Promise<TransferView> {
    const state = parse(TransferState.optional(), whileState, 'whileState');
    const waitSeconds = parse(WaitSeconds, wait, 'waitSeconds');
    return this.transfers.view(parse(GrantId, grantId, 'grantId'), state, waitSeconds);
  }
}
