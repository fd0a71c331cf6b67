import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { parse } from '@cpds/errors';
import {
  type Clinician,
  type ClinicianList,
  ClinicianMatch,
  ClinicianParameters,
  type ClinicianView,
  RegisterClinician,
} from '@cpds/messages';
import { actorOf, Caller, type Principal, Scopes } from '@cpds/service';
import { z } from 'zod';
import { CliniciansService } from './clinicians.service.js';

@Controller('clinicians')
@Scopes('identity.admin')
export class CliniciansHttpController {
  constructor(private readonly clinicians: CliniciansService) {}

  /** Registers a clinician of a department. */
  @Post()
  @HttpCode(201)
  register(@Body() body: unknown, @Caller() caller: Principal): Promise<z.infer<typeof Clinician>> {
    return this.clinicians.register(parse(RegisterClinician, body, 'clinician'), actorOf(caller));
  }

  /** Finds the clinician of a registration, disabled ones too. */
  @Post('match')
  @HttpCode(200)
  match(@Body() body: unknown): Promise<ClinicianView> {
    return this.clinicians.match(parse(ClinicianMatch, body, 'clinician').registration);
  }

  /** Lists the clinicians of the hospital or of one department, disabled ones too, a hundred at a time. */
  @Get()
  list(@Query() query: unknown): Promise<ClinicianList> {
    return this.clinicians.list(parse(ClinicianParameters, query, 'query'));
  }

  /** Disables a clinician: no call is made on their behalf any more. */
  @Post(':clinicianId/disablement')
  @HttpCode(204)
  disable(@Param('clinicianId') id: string, @Caller() caller: Principal): Promise<void> {
    return this.clinicians.disable(parse(z.uuid(), id, 'clinicianId'), actorOf(caller));
  }

  /** Lets calls be made on behalf of a disabled clinician again. */
  @Delete(':clinicianId/disablement')
  @HttpCode(204)
  enable(@Param('clinicianId') id: string, @Caller() caller: Principal): Promise<void> {
    return this.clinicians.enable(parse(z.uuid(), id, 'clinicianId'), actorOf(caller));
  }
}
