import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parse } from '@cpds/errors';
import { type ClinicianAnswer, ClinicianQuery } from '@cpds/messages';
import { CliniciansService } from './clinicians.service.js';

@Controller()
export class CliniciansBusController {
  constructor(private readonly clinicians: CliniciansService) {}

  @MessagePattern('identity.clinician')
  clinician(@Payload() body: unknown): Promise<ClinicianAnswer> {
    return this.clinicians.find(parse(ClinicianQuery, body, 'clinician query').clinicianId);
  }
}
