import { parse } from '@cpds/errors';
import { AskRecord, type RequestView } from '@cpds/messages';
import { Caller, Scopes, type Principal } from '@cpds/service';
import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import { RequestsService } from './requests.service.js';

/** Routes with which a hospital's backend asks other hospitals for records. */
@Controller('requests')
export class RequestsHttpController {
  constructor(private readonly requests: RequestsService) {}

  /** Asks another hospital for a patient's record. */
  @Post()
  @Scopes('bridge.request')
  @HttpCode(201)
  ask(@Body() body: unknown, @Caller() caller: Principal): Promise<RequestView> {
    return this.requests.ask(parse(AskRecord, body, 'request'), caller);
  }

  /** Shows a request: requested, consented (with grantId), not-granted, or refused. */
  @Get(':id')
  @Scopes('bridge.read')
  view(@Param('id') id: string): Promise<RequestView> {
    return this.requests.view(parse(z.uuid(), id, 'requestId'));
  }
}
