import { parse } from '@cpds/errors';
import { Revocation, type RevocationAnswer } from '@cpds/messages';
import { Open } from '@cpds/service';
import { Body, Controller, HttpCode, Ip, Post } from '@nestjs/common';
import { RevocationsService } from './revocations.service.js';

/** The only route without a token: a revoke's authority is its signature, and nobody may keep a patient from it. */
@Controller('revocations')
export class RevocationsHttpController {
  constructor(private readonly revocations: RevocationsService) {}

  /**
   * Acts on a revoke or give-back statement, passes it on to A, B and all storemen, and answers signed.
   * Refuses with 429 above 100 bad statements in ten seconds from one address, and 20 good ones for one grant.
   */
  @Post()
  @Open('byHandler')
  @HttpCode(200)
  take(@Body() body: unknown, @Ip() caller: string): Promise<RevocationAnswer> {
    return this.revocations.take(parse(Revocation, body, 'revocation'), caller);
  }
}
