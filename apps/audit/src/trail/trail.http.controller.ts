import { Readable } from 'node:stream';
import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { type Trail, TrailParameters } from '@cpds/messages';
import { Scopes } from '@cpds/service';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Announcer } from '../events/announcer.js';
import { LogReader } from '../log/log.reader.js';
import { entriesFrom } from './live-stream.js';

/** `Last-Event-ID` is what the browser sends by itself when it reconnects; `from` is for a first connection. */
const StreamStart = z.object({
  lastEventId: z.coerce.number().int().min(-1).optional(),
  from: z.coerce.number().int().nonnegative().optional(),
});

@Controller()
export class TrailHttpController {
  private readonly stopping = new AbortController();

  constructor(
    private readonly reader: LogReader,
    private readonly announcer: Announcer,
  ) {}

  /** Lists all entries of one grant or request, in the log's order. */
  @Get('trail')
  @Scopes('audit.read')
  async trail(@Query() query: unknown): Promise<Trail> {
    const { correlation } = parse(TrailParameters, query, 'query');
    const entries = await this.reader.trail(correlation);
    return { correlation, entries, checkpoint: (await this.reader.tree()).checkpoint };
  }

  /**
   * Streams entries as server-sent events from `from`, or after `Last-Event-ID`, for five minutes.
   * `id` is the leaf index. News, not proof: the proof is what the tiles say.
   */
  @Get('stream')
  @Scopes('audit.read')
  async stream(
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query('from') from: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const start = parse(StreamStart, { lastEventId, from }, 'stream');
    const first =
      start.lastEventId === undefined ? (start.from ?? (await this.reader.tree()).size) : start.lastEventId + 1;
    await reply
      .headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
      .send(Readable.from(entriesFrom(first, this.reader, this.announcer, this.stopping.signal)));
  }

  /** Ends all streams; their readers come back, to another process. */
  end(): void {
    this.stopping.abort();
  }
}
