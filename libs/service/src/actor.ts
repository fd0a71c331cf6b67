/** Whoever acts with a call: the client of its token, and the clinician on whose behalf it is made. Pure. */

import { denied, invalid } from '@cpds/errors';
import type { Actor, Clinician, ClientDepartments } from '@cpds/messages';
import type { z } from 'zod';
import type { Principal } from './access.js';

/** Header with the id of the clinician on whose behalf a call is made; a header, since a reading has no body. */
export const onBehalfOfHeader = 'cpds-on-behalf-of';

/**
 * Whoever acts at a door that no clinician stands behind: an administrator's, an operator's, a wallet's.
 *
 * @throws AppError `on-behalf-refused` for a call on behalf of somebody: the event could not say so
 */
export function actorOf({ clientId, onBehalfOf }: Principal): Actor {
  if (onBehalfOf !== undefined)
    throw invalid('on-behalf-refused', onBehalfOfHeader, 'this door takes no call on behalf of a clinician');
  return { by: clientId };
}

/**
 * Whoever acts, with what identity knows of the clinician whom the call names: a registered one, of a department that the
 * client is bound to.
 *
 * @param clinician null for an unknown one; left unread if the call names none
 * @throws AppError `clinician-refused`
 */
export function actorFor({ clientId, departments, onBehalfOf }: Principal, clinician: StaffMember | null): Actor {
  if (onBehalfOf === undefined) return { by: clientId };
  if (clinician === null || !isBound(departments, clinician.departmentId))
    throw denied('clinician-refused', 'the call names no clinician of a department that this client is bound to', {
      field: onBehalfOfHeader,
    });
  return { by: clientId, onBehalfOf };
}

/**
 * Whoever acts for a department: a client that is bound to it, and a clinician of it if one is named.
 *
 * @throws AppError `department-denied`, `clinician-refused`
 */
export function actorForDepartment(caller: Principal, departmentId: string, clinician: StaffMember | null): Actor {
  if (!isBound(caller.departments, departmentId))
    throw denied('department-denied', 'this client is not bound to the department that this is for', {
      field: 'departments',
    });
  const isOfIt = clinician?.departmentId === departmentId;
  return actorFor(caller, isOfIt ? clinician : null);
}

type StaffMember = z.infer<typeof Clinician>;

function isBound(departments: ClientDepartments, departmentId: string): boolean {
  return departments === 'whole-hospital' || departments.includes(departmentId);
}
