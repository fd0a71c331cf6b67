import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import { type NamedPatient, PatientAnswer, PatientQuery, WhoseAnswer, WhoseQuery } from '@cpds/messages';
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

  /** Pseudonyms of this hospital's patients, enrolled or not, whom a body names. */
  async named(named: NamedPatient[]): Promise<readonly string[]> {
    if (named.length === 0) return [];
    return (await this.requests.ask('identity.whose', WhoseQuery, WhoseAnswer, { named })).patientIds;
  }
}
