import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import { PatientAnswer, PatientQuery } from '@cpds/messages';
import { unknownPatient, type Owner } from './record.js';

/** Identity's patients, asked over the bus. */
@Injectable()
export class Patients {
  constructor(private readonly requests: BusRequests) {}

  /** @throws AppError `unknown-patient` (missing): not registered here, or not enrolled yet */
  async enrolled(patientId: string): Promise<Owner> {
    const patient = await this.requests.ask('identity.patient', PatientQuery, PatientAnswer, { patientId });
    if (!patient) throw unknownPatient();
    return { patientId, ageRecipient: patient.enrolment.ageRecipient, metaAddress: patient.metaAddress };
  }
}
