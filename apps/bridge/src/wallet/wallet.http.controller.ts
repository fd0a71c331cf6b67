import { denied, parse } from '@cpds/errors';
import { Consent, WaitSeconds, type ConsentAccepted, type WalletParameters, type WalletRequests } from '@cpds/messages';
import { Caller, Scopes, type Principal } from '@cpds/service';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { GrantsService } from '../grants/grants.service.js';
import { RequestsService } from '../requests/requests.service.js';
import { WalletParametersService } from './wallet-parameters.service.js';

/** The doors of a patient's wallet at its home hospital (wire.md "Inside a hospital"). */
@Controller()
@Scopes('wallet')
export class WalletHttpController {
  constructor(
    private readonly requests: RequestsService,
    private readonly grants: GrantsService,
    private readonly parameters: WalletParametersService,
  ) {}

  /** Lists what waits for this patient, with the datagram that B signed; waits 25 s at most for the first. */
  @Get('wallet/requests')
  async waiting(
    @Caller() caller: Principal,
    @Query('waitSeconds') wait?: string,
  ): Promise<z.infer<typeof WalletRequests>> {
    const waitSeconds = parse(WaitSeconds, wait, 'waitSeconds');
    return { requests: await this.requests.waitingFor(patientOf(caller), waitSeconds) };
  }

  /** Gives what a consent is built with: the home chain's time and windows, contract, bridges to revoke at. */
  @Get('wallet/parameters')
  current(): Promise<WalletParameters> {
    return this.parameters.current();
  }

  /** Takes a consent and answers its grantId. */
  @Post('requests/:id/consent')
  @HttpCode(202)
  async consent(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<z.infer<typeof ConsentAccepted>> {
    const grantId = await this.grants.consent(
      parse(z.uuid(), id, 'requestId'),
      patientOf(caller),
      parse(Consent, body, 'consent'),
    );
    return { grantId };
  }

  /** Takes a denial; nobody is told before requestExpires. */
  @Post('requests/:id/denial')
  @HttpCode(204)
  deny(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.requests.deny(parse(z.uuid(), id, 'requestId'), patientOf(caller));
  }
}

function patientOf(caller: Principal): string {
  if (!caller.patientId) throw denied('no-patient', 'this token is not of a wallet');
  return caller.patientId;
}
