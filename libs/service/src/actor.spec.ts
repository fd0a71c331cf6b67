import type { ClientDepartments } from '@cpds/messages';
import type { Principal } from './access.js';
import { actorFor, actorForDepartment, actorOf } from './actor.js';

const [ward, lab] = ['11111111-0000-4000-8000-000000000000', '22222222-0000-4000-8000-000000000000'];
const clinician = { clinicianId: '33333333-0000-4000-8000-000000000000', departmentId: ward };
const caller = (departments: ClientDepartments, onBehalfOf?: string): Principal => ({
  clientId: 'ward.north',
  scopes: new Set(['bridge.open']),
  departments,
  ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
});

describe('whoever acts for a department', () => {
  it.each<[string, ClientDepartments]>([
    ['is bound to it', [lab, ward]],
    ['is bound to the whole hospital', 'whole-hospital'],
  ])('%s', (_, departments) => {
    expect(actorForDepartment(caller(departments), ward, null)).toEqual({ by: 'ward.north' });
  });

  it.each<[string, ClientDepartments]>([
    ['of another one', [lab]],
    ['of none', []],
  ])('is no client %s', (_, departments) => {
    expect(() => actorForDepartment(caller(departments), ward, null)).toThrow(
      expect.objectContaining({ code: 'department-denied', kind: 'denied' }),
    );
  });

  it('is named with the clinician of that department on whose behalf it acts', () => {
    const actor = actorForDepartment(caller([ward], clinician.clinicianId), ward, clinician);
    expect(actor).toEqual({ by: 'ward.north', onBehalfOf: clinician.clinicianId });
  });

  it.each<[string, typeof clinician | null]>([
    ['nobody has registered', null],
    ['is of another department', { ...clinician, departmentId: lab }],
  ])('names no clinician who %s', (_, known) => {
    expect(() => actorForDepartment(caller('whole-hospital', clinician.clinicianId), ward, known)).toThrow(
      expect.objectContaining({ code: 'clinician-refused', field: 'cpds-on-behalf-of' }),
    );
  });
});

describe('whoever acts for no department in particular', () => {
  it('names a clinician of a department that the client is bound to, and no other', () => {
    expect(actorFor(caller([ward], clinician.clinicianId), clinician)).toMatchObject({
      onBehalfOf: clinician.clinicianId,
    });
    for (const known of [null, { ...clinician, departmentId: lab }])
      expect(() => actorFor(caller([ward], clinician.clinicianId), known)).toThrow(
        expect.objectContaining({ code: 'clinician-refused' }),
      );
  });

  it('names nobody at a door that no clinician stands behind, rather than drop what the call says', () => {
    expect(actorOf(caller([]))).toEqual({ by: 'ward.north' });
    expect(() => actorOf(caller([], clinician.clinicianId))).toThrow(
      expect.objectContaining({ code: 'on-behalf-refused', kind: 'invalid' }),
    );
  });
});
