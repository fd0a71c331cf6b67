import { Controller, Get } from '@nestjs/common';
import { denied } from '@cpds/errors';
import type { WalletDeed } from '@cpds/messages';
import { actorOf, Caller, type Principal, Scopes } from '@cpds/service';
import { DeedsService } from './deeds.service.js';

/** The wallet's view of its deeds. */
@Controller('wallet/deeds')
export class DeedsHttpController {
  constructor(private readonly deeds: DeedsService) {}

  /** Lists the patient's current deeds in final cohorts, with all that a wallet checks them by. */
  @Get()
  @Scopes('wallet')
  async mine(@Caller() caller: Principal): Promise<{ deeds: WalletDeed[] }> {
    const { patientId } = caller;
    if (patientId === undefined) throw denied('not-a-wallet', 'this token names no patient');
    return { deeds: await this.deeds.ofPatient(patientId, actorOf(caller)) };
  }
}
