import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parse } from '@cpds/errors';
import {
  type EnrolmentEvidence,
  EvidenceQuery,
  type MatchAnswer,
  MatchQuery,
  type PatientAnswer,
  PatientQuery,
  type WhoseAnswer,
  WhoseQuery,
} from '@cpds/messages';
import type { z } from 'zod';
import { PatientsService } from './patients.service.js';

@Controller()
export class PatientsBusController {
  constructor(private readonly patients: PatientsService) {}

  @MessagePattern('identity.match')
  async match(@Payload() body: unknown): Promise<z.infer<typeof MatchAnswer>> {
    return { patientId: await this.patients.matchEnrolled(parse(MatchQuery, body, 'match query')) };
  }

  @MessagePattern('identity.patient')
  patient(@Payload() body: unknown): Promise<z.infer<typeof PatientAnswer>> {
    return this.patients.patient(parse(PatientQuery, body, 'patient query').patientId);
  }

  @MessagePattern('identity.whose')
  async whose(@Payload() body: unknown): Promise<z.infer<typeof WhoseAnswer>> {
    return { patientIds: await this.patients.namedBy(parse(WhoseQuery, body, 'whose query').named) };
  }

  @MessagePattern('identity.enrolment-evidence')
  evidence(@Payload() body: unknown): Promise<EnrolmentEvidence | null> {
    return this.patients.evidence(parse(EvidenceQuery, body, 'evidence query').patientId);
  }
}
