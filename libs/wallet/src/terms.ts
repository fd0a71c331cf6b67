/** Terms of a consent: a FHIR R4 Consent reduced to the fields that bind (who, which record, why, until when). */

import type { ShareRequest, Terms } from '@cpds/messages';

/**
 * The terms under which one record is shared.
 *
 * @param commitment the deed's, 0x hex
 * @param now, until seconds since 1970
 */
export function termsOf(
  request: ShareRequest,
  commitment: Terms['provision']['data'][0]['reference']['identifier']['value'],
  now: number,
  until: number,
): Terms {
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'urn:cpds:record-category', code: request.category }] }],
    dateTime: iso(now),
    provision: {
      type: 'permit',
      period: { start: iso(now), end: iso(until) },
      actor: [
        {
          role: {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }],
          },
          reference: { identifier: { system: 'urn:cpds:department', value: request.department.id } },
        },
      ],
      purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: request.purpose }],
      data: [
        {
          meaning: 'instance',
          reference: { identifier: { system: 'urn:cpds:commitment', value: commitment } },
        },
      ],
    },
  };
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
