import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import {
  type EnrolledPatient,
  EnrolPatient,
  type PatientMatch,
  type RegisteredPatient,
  RegisterPatient,
} from '@cpds/messages';
import { actorOf, Caller, Open, type Principal, Scopes } from '@cpds/service';
import type { z } from 'zod';
import { PatientsService } from './patients.service.js';

@Controller()
export class PatientsHttpController {
  constructor(private readonly patients: PatientsService) {}

  /** Gives a FHIR Identifier its pseudonym and a one-time enrolment code. */
  @Post('patients')
  @HttpCode(201)
  @Scopes('identity.admin')
  register(@Body() body: unknown, @Caller() caller: Principal): Promise<z.infer<typeof RegisteredPatient>> {
    return this.patients.register(parse(RegisterPatient, body, 'patient').identifier, actorOf(caller));
  }

  /** Finds the pseudonym of an identifier, and says whether a wallet is enrolled. */
  @Post('patients/match')
  @HttpCode(200)
  @Scopes('identity.admin')
  match(@Body() body: unknown, @Caller() caller: Principal): Promise<z.infer<typeof PatientMatch>> {
    return this.patients.match(parse(RegisterPatient, body, 'patient').identifier, actorOf(caller));
  }

  /**
   * Takes a wallet's keys, signed by its spending key (EIP-712 `Enrolment`), against a one-time code.
   * No token: the code is the authority.
   */
  @Post('enrolments')
  @HttpCode(201)
  @Open()
  enrol(@Body() body: unknown): Promise<z.infer<typeof EnrolledPatient>> {
    return this.patients.enrol(parse(EnrolPatient, body, 'enrolment'));
  }
}
