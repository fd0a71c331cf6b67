import { BusRequests } from '@cpds/bus';
import { denied, missing } from '@cpds/errors';
import { type Actor, ClinicianAnswer, ClinicianQuery, DepartmentAnswer, DepartmentQuery } from '@cpds/messages';
import { Global, Injectable, Module } from '@nestjs/common';
import type { Principal } from './access.js';
import { actorFor, actorForDepartment } from './actor.js';

/** Finds out for whom a call acts; asks identity where the call names a clinician. */
@Injectable()
export class Actors {
  constructor(private readonly requests: BusRequests) {}

  /** Whoever acts, for no department in particular. @throws AppError `clinician-refused` */
  async of(caller: Principal): Promise<Actor> {
    return actorFor(caller, await this.clinicianOf(caller));
  }

  /**
   * Whoever asks, opens or reads for this department.
   *
   * @throws AppError `department-denied`, `clinician-refused`, `unknown-department`, `department-disabled`
   */
  async forDepartment(caller: Principal, departmentId: string): Promise<Actor> {
    const actor = await this.toEndFor(caller, departmentId);
    const query = { departmentId };
    const department = await this.requests.ask('identity.department', DepartmentQuery, DepartmentAnswer, query);
    if (!department) throw missing('unknown-department', 'no such department here', { field: 'departmentId' });
    if (department.isDisabled)
      throw denied('department-disabled', 'this department is disabled', { field: 'departmentId' });
    return actor;
  }

  /** Whoever ends a grant of this department, which may be disabled. @throws AppError `department-denied`, `clinician-refused` */
  async toEndFor(caller: Principal, departmentId: string): Promise<Actor> {
    return actorForDepartment(caller, departmentId, await this.clinicianOf(caller));
  }

  private async clinicianOf({ onBehalfOf }: Principal): Promise<ClinicianAnswer> {
    if (onBehalfOf === undefined) return null;
    const query = { clinicianId: onBehalfOf };
    return this.requests.ask('identity.clinician', ClinicianQuery, ClinicianAnswer, query);
  }
}

/** `Actors` for all nouns of a service. */
@Global()
@Module({ providers: [Actors], exports: [Actors] })
export class ActorsModule {}
