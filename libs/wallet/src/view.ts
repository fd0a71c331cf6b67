/** What the patient reads before consenting: who, what, why, until when, and what cannot be taken back. */

import type { Purpose } from '@cpds/messages';
import type { CheckedDeed } from './deed-check.js';
import type { CheckedRequest } from './request.js';

const purposes: Record<Purpose, string> = {
  TREAT: 'treatment',
  ETREAT: 'emergency treatment',
  CAREMGT: 'care management',
  HPAYMT: 'payment for care',
  HRESCH: 'research',
};

/** The consent in plain lines, in this order. Pure: the same facts give the same lines. */
export function consentLines({ request, from }: CheckedRequest, deed: CheckedDeed, until: number): string[] {
  const { metadata, ringReal } = deed.deed;
  return [
    `About: ${printable(request.patient.value)} (${printable(request.patient.system)})`,
    `Who: ${printable(request.department.name)}, ${from.name}`,
    `What: one record, ${printable(metadata.category)} (${metadata.contentType}, ${metadata.sizeBytes} bytes)`,
    `Why: ${purposes[request.purpose]}`,
    `Until: ${new Date(until * 1000).toISOString()}`,
    'You can revoke at any time before then, at any bridge; your hospital is not needed for it.',
    'Revoking cannot take back a key that was already released: who has opened the record may have kept a copy.',
    'After such a revocation your hospital encrypts the record anew; the old object stays until its other grants end.',
    `In public this consent could be that of any of ${deed.xs.length} deeds, of which ${ringReal} ` +
      `${ringReal === 1 ? 'is' : 'are'} of different patients.`,
    ...(ringReal < 4 ? ['Few patients share this cohort: outsiders who know them may guess who consented.'] : []),
  ];
}

/** A name from another party must not move the cursor or hide a line. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}
