import { invalid } from '@cpds/errors';
import type { PatientIdentifier } from '@cpds/messages';
import { z } from 'zod';

const Identifier = z.object({ system: z.string().min(1), value: z.string().min(1) });

const Resource = z.looseObject({ resourceType: z.string(), id: z.string().optional() });

const Bundle = z.looseObject({
  type: z.string(),
  entry: z.array(z.looseObject({ fullUrl: z.string().optional(), resource: Resource.optional() })).default([]),
});

/** Identifiers of a Patient that can tell it from others; one without system or value cannot. */
const Patient = z.looseObject({ identifier: z.array(z.unknown()).default([]) });

const Composition = z.looseObject({
  resourceType: z.literal('Composition'),
  subject: z.looseObject({ reference: z.string() }),
});

type Entry = z.infer<typeof Bundle>['entry'][number];

/**
 * Whose record a FHIR Bundle is: the subject of a document (hl7.org/fhir/R4/documents.html), else the one person among
 * its Patients who has an identifier.
 *
 * @returns the identifier that comes first, and all of that person's
 * @throws AppError `bad-record` another resource, or nobody or several people it might be about
 */
export function subjectOf(json: string): { patient: PatientIdentifier; identifiers: PatientIdentifier[] } {
  const resource: unknown = JSON.parse(json);
  const { resourceType } = Resource.parse(resource);
  if (resourceType !== 'Bundle') throw badRecord(`it is a FHIR ${resourceType}, and only Bundles are shared here`);
  const bundle = Bundle.safeParse(resource);
  if (!bundle.success) throw badRecord(`${bundle.error.issues[0]!.path.join('.')} is not what a Bundle has there`);
  const { type, entry } = bundle.data;
  const patients = entry.filter((one) => one.resource?.resourceType === 'Patient');
  const subject = type === 'document' ? Composition.safeParse(entry[0]?.resource).data?.subject.reference : undefined;
  const asked = subject === undefined ? patients : patients.filter((one) => isReferredTo(one, subject));
  const people = asked
    .map((one) => identifiersOf(one.resource))
    .filter((identifiers) => identifiers.length > 0)
    .reduce<PatientIdentifier[][]>(addPerson, []);
  const [identifiers] = people;
  const [patient] = identifiers ?? [];
  if (!identifiers || !patient) throw badRecord('it has no Patient with an identifier of system and value');
  if (people.length > 1)
    throw badRecord(`it has ${people.length} patients, and does not say which of them it is about`);
  return { patient, identifiers };
}

/** Whether `reference` names the entry: by its address, or by type and id (hl7.org/fhir/R4/bundle.html section 2.36.4.1). */
function isReferredTo({ fullUrl, resource }: Entry, reference: string): boolean {
  return fullUrl === reference || reference === `${resource?.resourceType}/${resource?.id}`;
}

function identifiersOf(resource: unknown): PatientIdentifier[] {
  const patient = Patient.safeParse(resource);
  if (!patient.success) throw badRecord('the identifier of its Patient is no list');
  return patient.data.identifier.flatMap((one) => Identifier.safeParse(one).data ?? []);
}

/** The same person may be in a Bundle twice: then the two have an identifier in common. */
function addPerson(people: PatientIdentifier[][], identifiers: PatientIdentifier[]): PatientIdentifier[][] {
  const isShared = (one: PatientIdentifier) =>
    identifiers.some(({ system, value }) => system === one.system && value === one.value);
  const known = people.find((person) => person.some(isShared));
  if (known === undefined) return [...people, identifiers];
  known.push(...identifiers);
  return people;
}

function badRecord(reason: string) {
  return invalid('bad-record', 'records', reason);
}
