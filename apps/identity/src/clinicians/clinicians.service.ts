import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { conflict, invalid } from '@cpds/errors';
import { type Actor, type Clinician, type ClinicianAnswer, events, type RegisterClinician } from '@cpds/messages';
import { Changes, told } from '@cpds/outbox';
import { actorFor, type Principal } from '@cpds/service';
import { hasSqlState, UnitOfWork } from '@cpds/store';
import type { z } from 'zod';
import { KeyedHash } from '../hashes/keyed-hash.js';
import { ClinicianRow } from './clinician.row.js';

/** Clinicians: members of departments. */
@Injectable()
export class CliniciansService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly hashes: KeyedHash,
  ) {}

  /** A new clinician of a department. @throws AppError `department-unknown` (invalid), `clinician-exists` (conflict) */
  async register(
    { departmentId, registration }: z.infer<typeof RegisterClinician>,
    actor: Actor,
  ): Promise<z.infer<typeof Clinician>> {
    const clinicianId = randomUUID();
    const registrationHash = this.hashes.of('registration', registration);
    try {
      await this.changes.commit(async (tx) => {
        await tx.manager.insert(ClinicianRow, { clinicianId, departmentId, registrationHash });
        const details = { ...actor, clinicianId, departmentId };
        return told({ type: events.clinicianRegistered, correlation: clinicianId, details });
      });
    } catch (cause) {
      if (hasSqlState(cause, '23503'))
        throw invalid('department-unknown', 'departmentId', 'departmentId: is no department here', { cause });
      if (hasSqlState(cause, '23505'))
        throw conflict('clinician-exists', 'registration: a clinician has it', { field: 'registration', cause });
      throw cause;
    }
    return { clinicianId, departmentId };
  }

  /** A registered clinician; null also for one of a disabled department, for which nobody acts. */
  async find(clinicianId: string): Promise<ClinicianAnswer> {
    const [row] = (await this.unitOfWork.reader.query(
      `SELECT department_id FROM clinician JOIN department USING (department_id)
       WHERE clinician_id = $1 AND disabled_at IS NULL`,
      [clinicianId],
    )) as { department_id: string }[];
    return row ? { clinicianId, departmentId: row.department_id } : null;
  }

  /** Whoever acts with a call to this service. @throws AppError `clinician-refused` */
  async actorOf(caller: Principal): Promise<Actor> {
    return actorFor(caller, caller.onBehalfOf === undefined ? null : await this.find(caller.onBehalfOf));
  }
}
