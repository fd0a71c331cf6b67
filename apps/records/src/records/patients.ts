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

  /** For each name in a body the patients of this hospital, enrolled or not, whom it may stand for. */
  async meantBy(named: readonly NamedPatient[]): Promise<readonly (readonly string[])[]> {
    // A value without its system may be several people's, so each is asked about alone; all others are one patient's each.
    const [vague, exact] = [named.filter(isVague), named.filter((one) => !isVague(one))];
    const meant = (exact.length === 0 ? [] : await this.whose(exact)).map((patientId) => [patientId]);
    for (const one of vague) meant.push(await this.whose([one]));
    return meant;
  }

  private async whose(named: NamedPatient[]): Promise<string[]> {
    return (await this.requests.ask('identity.whose', WhoseQuery, WhoseAnswer, { named })).patientIds;
  }
}

const isVague = (one: NamedPatient): boolean => 'value' in one && one.system === undefined;
