import { parse } from '@cpds/errors';
import { GrantId, type TransferView } from '@cpds/messages';
import { Scopes } from '@cpds/service';
import { Controller, Get, Param } from '@nestjs/common';
import { TransferViewService } from './transfer-view.service.js';

/** Where grants stand, for hospital backends and operators. */
@Controller('grants')
export class TransfersHttpController {
  constructor(private readonly transfers: TransferViewService) {}

  @Get(':grantId')
  @Scopes('bridge.read')
  view(@Param('grantId') grantId: string): Promise<TransferView> {
    return this.transfers.view(parse(GrantId, grantId, 'grantId'));
  }
}
