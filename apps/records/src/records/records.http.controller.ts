import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { type RecordStatus, type StoredRecord, WithdrawRecord, type WithdrawnRecord } from '@cpds/messages';
import { actorOf, Actors, bodyOf, Caller, Fhir, type GuardedRequest, type Principal, Scopes } from '@cpds/service';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { parseUpload, UploadQuery } from './record.js';
import { RecordsService } from './records.service.js';
import { sendBytes } from './send-bytes.js';
import { Withdrawals } from './withdrawals.service.js';

const RecordId = z.uuid();

/** Limits of one upload. */
export abstract class UploadLimits {
  abstract readonly maxBytes: number;
}

/** Records of this hospital's own patients. */
@Controller('records')
export class RecordsHttpController {
  constructor(
    private readonly records: RecordsService,
    private readonly withdrawals: Withdrawals,
    private readonly actors: Actors,
    private readonly limits: UploadLimits,
  ) {}

  /**
   * Seals a record while it streams in, stores it, and answers what its deed commits to.
   * FHIR, DICOM, PDF or text, with a Content-Length.
   */
  @Post()
  @HttpCode(201)
  @Scopes('records.write')
  @Fhir()
  async upload(
    @Query() query: unknown,
    @Req() request: GuardedRequest,
    @Caller() caller: Principal,
  ): Promise<StoredRecord> {
    const claim = parseUpload(parse(UploadQuery, query, 'query'), request.headers, this.limits.maxBytes);
    return this.records.upload(claim, bodyOf(request.raw), await this.actors.of(caller));
  }

  /** Sends the plaintext of a record. */
  @Get(':id')
  @Scopes('records.read')
  @Fhir()
  async read(@Param('id') id: string, @Caller() caller: Principal, @Res() reply: FastifyReply): Promise<void> {
    const { contentType, ...bytes } = await this.records.read(
      parse(RecordId, id, 'record id'),
      await this.actors.of(caller),
    );
    await sendBytes(reply, { ...bytes, headers: { 'content-type': contentType } });
  }

  /** Shows metadata, commitment, and whether the deed is `pending`, `minted` (sent) or `current`. */
  @Get(':id/status')
  @Scopes('records.read')
  async status(@Param('id') id: string, @Caller() caller: Principal): Promise<RecordStatus> {
    return this.records.status(parse(RecordId, id, 'record id'), await this.actors.of(caller));
  }

  /**
   * Withdraws a record that was entered in error: no new grants, open ones closed, its object kept or erased.
   * Repeating it changes nothing, but `erase` after `keep` still erases.
   */
  @Post(':id/withdrawal')
  @HttpCode(200)
  @Scopes('records.write')
  async withdraw(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: Principal,
  ): Promise<WithdrawnRecord> {
    const [recordId, wish] = [parse(RecordId, id, 'record id'), parse(WithdrawRecord, body, 'withdrawal')];
    return this.withdrawals.withdraw(recordId, wish, await this.actors.of(caller));
  }

  /** Sends the age file to its own patient. */
  @Get(':id/object')
  @Scopes('wallet')
  async readSealed(@Param('id') id: string, @Caller() caller: Principal, @Res() reply: FastifyReply): Promise<void> {
    const { contentType, ...bytes } = await this.records.readSealed(
      parse(RecordId, id, 'record id'),
      caller.patientId,
      actorOf(caller),
    );
    await sendBytes(reply, { ...bytes, headers: { 'content-type': contentType } });
  }
}
