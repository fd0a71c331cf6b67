import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import type { ScrubView } from '@cpds/messages';
import { actorOf, Caller, type Principal, Scopes } from '@cpds/service';
import { z } from 'zod';
import { Scrubs } from './scrubs.service.js';

/** Comparisons of all objects with their rows, for operators. */
@Controller('scrubs')
export class ScrubsHttpController {
  constructor(private readonly scrubs: Scrubs) {}

  /** Begins to compare every object with its row, or shows the scrub under way. */
  @Post()
  @HttpCode(202)
  @Scopes('records.operate')
  begin(@Caller() caller: Principal): Promise<ScrubView> {
    return this.scrubs.begin(actorOf(caller));
  }

  /** Shows how far a scrub is, and the objects that are damaged now. */
  @Get(':id')
  @Scopes('records.operate')
  view(@Param('id') id: string): Promise<ScrubView> {
    return this.scrubs.view(parse(z.uuid(), id, 'scrub id'));
  }
}
