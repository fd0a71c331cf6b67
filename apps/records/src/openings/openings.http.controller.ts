import { Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { Bytes32, type HomeAnswer } from '@cpds/messages';
import { Caller, Fhir, type Principal, Scopes } from '@cpds/service';
import type { FastifyReply } from 'fastify';
import { sendBytes } from '../records/send-bytes.js';
import { OpeningsService } from './openings.service.js';

/** Records of other hospitals, under a grant. */
@Controller('grants')
export class OpeningsHttpController {
  constructor(private readonly openings: OpeningsService) {}

  /** Fetches (once), checks and opens a record of another hospital. */
  @Get(':grantId/record')
  @Scopes('records.read')
  @Fhir()
  async read(@Param('grantId') id: string, @Caller() caller: Principal, @Res() reply: FastifyReply): Promise<void> {
    const { contentType, ...bytes } = await this.openings.open(parse(Bytes32, id, 'grantId'), caller);
    await sendBytes(reply, { ...bytes, headers: { 'content-type': contentType } });
  }

  /** Asks the home hospital for the record without partials: shows its refusal, moves no byte. */
  @Post(':grantId/home-answer')
  @HttpCode(200)
  @Scopes('records.read')
  askHome(@Param('grantId') id: string, @Caller() caller: Principal): Promise<HomeAnswer> {
    return this.openings.askHome(parse(Bytes32, id, 'grantId'), caller);
  }
}
