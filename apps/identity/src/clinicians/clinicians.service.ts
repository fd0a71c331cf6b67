import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { conflict, invalid, missing } from '@cpds/errors';
import {
  type Actor,
  type Clinician,
  type ClinicianAnswer,
  type ClinicianList,
  type ClinicianParameters,
  type ClinicianView,
  events,
  type RegisterClinician,
} from '@cpds/messages';
import { Changes, told, unchanged } from '@cpds/outbox';
import { actorFor, type Principal } from '@cpds/service';
import { hasSqlState, UnitOfWork } from '@cpds/store';
import { MoreThan } from 'typeorm';
import type { z } from 'zod';
import { KeyedHash } from '../hashes/keyed-hash.js';
import { ClinicianRow } from './clinician.row.js';

/** Clinicians of one answer of the list. */
const listed = 100;

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

  /** The clinician of a registration. @throws AppError `clinician-unknown` (missing) */
  async match(registration: string): Promise<ClinicianView> {
    const registrationHash = this.hashes.of('registration', registration);
    const row = await this.unitOfWork.reader.findOneBy(ClinicianRow, { registrationHash });
    if (!row) throw missing('clinician-unknown', 'registration: no clinician has it', { field: 'registration' });
    return viewOf(row);
  }

  /** A hundred clinicians, of one department or of all, by id. */
  async list({ departmentId, after }: z.infer<typeof ClinicianParameters>): Promise<ClinicianList> {
    const rows = await this.unitOfWork.reader.find(ClinicianRow, {
      where: { ...(departmentId && { departmentId }), ...(after && { clinicianId: MoreThan(after) }) },
      order: { clinicianId: 'ASC' },
      take: listed,
    });
    return { clinicians: rows.map(viewOf), next: rows.length === listed ? rows.at(-1)!.clinicianId : null };
  }

  /** Disables a clinician: from the commit on no call is made on their behalf. @throws AppError `clinician-unknown` (missing) */
  async disable(clinicianId: string, actor: Actor): Promise<void> {
    await this.setDisabled(clinicianId, new Date(), events.clinicianDisabled, actor);
  }

  /** Lets calls be made on behalf of a disabled clinician again. @throws AppError `clinician-unknown` (missing) */
  async enable(clinicianId: string, actor: Actor): Promise<void> {
    await this.setDisabled(clinicianId, null, events.clinicianEnabled, actor);
  }

  /** A registered clinician; null also for a disabled one, and for one of a disabled department, for which nobody acts. */
  async find(clinicianId: string): Promise<ClinicianAnswer> {
    const [row] = (await this.unitOfWork.reader.query(
      `SELECT department_id FROM clinician JOIN department USING (department_id)
       WHERE clinician_id = $1 AND clinician.disabled_at IS NULL AND department.disabled_at IS NULL`,
      [clinicianId],
    )) as { department_id: string }[];
    return row ? { clinicianId, departmentId: row.department_id } : null;
  }

  /** Whoever acts with a call to this service. @throws AppError `clinician-refused` */
  async actorOf(caller: Principal): Promise<Actor> {
    return actorFor(caller, caller.onBehalfOf === undefined ? null : await this.find(caller.onBehalfOf));
  }

  private async setDisabled(clinicianId: string, disabledAt: Date | null, type: string, actor: Actor): Promise<void> {
    await this.changes.commit(async (tx) => {
      const row = await tx.manager.findOne(ClinicianRow, {
        where: { clinicianId },
        lock: { mode: 'pessimistic_write' },
      });
      if (!row) throw missing('clinician-unknown', 'clinicianId: is no clinician here', { field: 'clinicianId' });
      if ((row.disabledAt === null) === (disabledAt === null)) return unchanged();
      await tx.manager.update(ClinicianRow, { clinicianId }, { disabledAt });
      return told({ type, correlation: clinicianId, details: { ...actor, clinicianId } });
    });
  }
}

function viewOf({ clinicianId, departmentId, disabledAt }: ClinicianRow): ClinicianView {
  return { clinicianId, departmentId, disabledAt: disabledAt?.toISOString() ?? null };
}
