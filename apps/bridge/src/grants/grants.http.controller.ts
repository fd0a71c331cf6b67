import { parse } from '@cpds/errors';
import { GrantId, type OpenOutcome, type RevocationAnswer } from '@cpds/messages';
import { Caller, Scopes, type Principal } from '@cpds/service';
import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { OpeningService } from './opening.service.js';

/** Routes with which B's backend acts on a grant. */
@Controller('grants')
@Scopes('bridge.open')
export class GrantsHttpController {
  constructor(private readonly opening: OpeningService) {}

  /** Asks the storemen to release; answers released, waiting, or refused with their signed answers. Repeatable. */
  @Post(':grantId/open')
  @HttpCode(200)
  open(@Param('grantId') grantId: string, @Caller() caller: Principal): Promise<OpenOutcome> {
    return this.opening.open(parse(GrantId, grantId, 'grantId'), caller);
  }

  /** Ends a grant that this hospital received, by q's signature. */
  @Post(':grantId/give-back')
  @HttpCode(200)
  giveBack(@Param('grantId') grantId: string, @Caller() caller: Principal): Promise<RevocationAnswer> {
    return this.opening.giveBack(parse(GrantId, grantId, 'grantId'), caller);
  }
}
