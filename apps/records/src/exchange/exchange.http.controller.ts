import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { parse, toProblem } from '@cpds/errors';
import { fetchHeaders, FetchRequest } from '@cpds/messages';
import { Open } from '@cpds/service';
import type { FastifyReply } from 'fastify';
import { metadataText } from '../records/record.js';
import { sendBytes } from '../records/send-bytes.js';
import { ExchangeService, type FetchAnswer } from './exchange.service.js';
import { GrantEnded } from './fetch.js';

/** The only route for other hospitals. No token: the authority is in the body. */
@Controller('exchange')
export class ExchangeHttpController {
  constructor(private readonly exchange: ExchangeService) {}

  /**
   * Sends the age file, or a part of it (206), to whoever holds a grant.
   * The authority is q's signature and t storemen's partials; 410 `revoked` or `expired` carries the signed `answer`.
   */
  @Post('fetch')
  @HttpCode(200)
  @Open('signed')
  async fetch(@Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    try {
      await send(reply, await this.exchange.serve(parse(FetchRequest, body, 'fetch')));
    } catch (error) {
      // The refusal carries the answer that this hospital signed.
      if (!(error instanceof GrantEnded) || reply.raw.headersSent) throw error;
      const problem = { ...toProblem(error), ...(error.answer ? { answer: error.answer } : {}) };
      await reply.status(problem.status).type('application/problem+json').send(problem);
    }
  }
}

async function send(reply: FastifyReply, answer: FetchAnswer): Promise<void> {
  const { from, length, sizeBytes } = answer;
  const isWhole = length === sizeBytes;
  await sendBytes(reply, {
    status: isWhole ? 200 : 206,
    headers: {
      'content-type': 'application/octet-stream',
      [fetchHeaders.metadata]: Buffer.from(metadataText(answer.metadata)).toString('base64url'),
      [fetchHeaders.salt]: answer.salt,
      ...(isWhole ? {} : { 'content-range': `bytes ${from}-${from + length - 1}/${sizeBytes}` }),
    },
    sizeBytes: length,
    body: answer.body,
  });
}
