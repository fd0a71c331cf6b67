import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { type Clinician, RegisterClinician } from '@cpds/messages';
import { actorOf, Caller, type Principal, Scopes } from '@cpds/service';
import type { z } from 'zod';
import { CliniciansService } from './clinicians.service.js';

@Controller('clinicians')
export class CliniciansHttpController {
  constructor(private readonly clinicians: CliniciansService) {}

  /** Registers a clinician of a department. */
  @Post()
  @HttpCode(201)
  @Scopes('identity.admin')
  register(@Body() body: unknown, @Caller() caller: Principal): Promise<z.infer<typeof Clinician>> {
    return this.clinicians.register(parse(RegisterClinician, body, 'clinician'), actorOf(caller));
  }
}
