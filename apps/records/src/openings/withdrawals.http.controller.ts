import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { Withdrawal, type WithdrawalAnswer } from '@cpds/messages';
import { Open } from '@cpds/service';
import { OpeningsService } from './openings.service.js';

/** What home hospitals tell of records that were read here. No token: the authority is in the body. */
@Controller('exchange/withdrawals')
export class WithdrawalsHttpController {
  constructor(private readonly openings: OpeningsService) {}

  /** Takes a home hospital's signed word that the record of a grant was withdrawn; its copy is read no more, and erased if so asked. */
  @Post()
  @HttpCode(200)
  @Open('signed')
  withdraw(@Body() body: unknown): Promise<WithdrawalAnswer> {
    return this.openings.withdraw(parse(Withdrawal, body, 'withdrawal'));
  }
}
