import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import {
  type EnrolledPatient,
  EnrolPatient,
  type PatientMatch,
  type RegisteredPatient,
  RegisterPatient,
} from '@cpds/messages';
import { Caller, Open, type Principal, Scopes } from '@cpds/service';
import type { z } from 'zod';
import { CliniciansService } from '../clinicians/clinicians.service.js';
import { PatientsService } from './patients.service.js';

@Controller()
export class PatientsHttpController {
  constructor(
    private readonly patients: PatientsService,
    private readonly clinicians: CliniciansService,
  ) {}

  /** Gives a FHIR Identifier its pseudonym and a one-time enrolment code. */
  @Post('patients')
  @HttpCode(201)
  @Scopes('identity.admin')
  async register(@Body() body: unknown, @Caller() caller: Principal): Promise<z.infer<typeof RegisteredPatient>> {
    const { identifier } = parse(RegisterPatient, body, 'patient');
    return this.patients.register(identifier, await this.clinicians.actorOf(caller));
  }

  /** Finds the pseudonym of an identifier, and says whether a wallet is enrolled. */
  @Post('patients/match')
  @HttpCode(200)
  @Scopes('identity.admin')
  async match(@Body() body: unknown, @Caller() caller: Principal): Promise<z.infer<typeof PatientMatch>> {
    const { identifier } = parse(RegisterPatient, body, 'patient');
    return this.patients.match(identifier, await this.clinicians.actorOf(caller));
  }

  /**
   * Takes a wallet's keys, signed by its spending key (EIP-712 `Enrolment`), against a one-time code.
   * No token: the code is the authority.
   */
  @Post('enrolments')
  @HttpCode(201)
  @Open('code')
  enrol(@Body() body: unknown): Promise<z.infer<typeof EnrolledPatient>> {
    return this.patients.enrol(parse(EnrolPatient, body, 'enrolment'));
  }
}
