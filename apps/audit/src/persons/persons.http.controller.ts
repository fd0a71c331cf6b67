import { Controller, Delete, HttpCode, Param, Query } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { ErasureParameters } from '@cpds/messages';
import { actorOf, Caller, type Principal, Scopes } from '@cpds/service';
import { z } from 'zod';
import { PersonsService } from './persons.service.js';

@Controller('persons')
export class PersonsHttpController {
  constructor(private readonly persons: PersonsService) {}

  /**
   * Erases what the log holds of a person until now, for ever; the log stays provable and says who erased and why.
   * What comes later of that person is kept, under another key.
   */
  @Delete(':person/details-key')
  @HttpCode(204)
  @Scopes('audit.erase')
  erase(@Param('person') person: string, @Query() query: unknown, @Caller() caller: Principal): Promise<void> {
    const reason = parse(ErasureParameters, query, 'query');
    return this.persons.erase(parse(z.uuid(), person, 'person'), { ...actorOf(caller), ...reason });
  }
}
