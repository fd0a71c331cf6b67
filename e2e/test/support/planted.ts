import { randomUUID } from 'node:crypto';

/** Strings that stand in the records of the tests and nowhere else. */
export const planted = {
  family: 'Zwetschgenbaum',
  given: 'Quirinusa',
  birthDate: '1897-11-23',
  note: 'xylophonitis of the left elbow',
  identifier: 'plantedidentifier-8842177',
} as const;

/** A Bundle of about 20 kB that holds every planted string, of the patient with this name. */
export function plantedBundle(name: string) {
  return {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      {
        resource: {
          resourceType: 'Patient',
          id: randomUUID(),
          identifier: [{ system: 'urn:cpds:test', value: `${planted.identifier}-${name}` }],
          name: [{ family: planted.family, given: [planted.given] }],
          birthDate: planted.birthDate,
        },
      },
      ...Array.from({ length: 60 }, (_, at) => ({
        resource: {
          resourceType: 'Observation',
          id: randomUUID(),
          status: 'final',
          code: { text: planted.note },
          valueString: `${planted.note} ${at} ${randomUUID()}`,
        },
      })),
    ],
  };
}

/** One encoding in which a string can stand among bytes. */
interface Form {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Encodings in which a string could have been kept without being readable at a glance: hexadecimal in both cases,
 * base64 at each of the three places where it can begin in a group of bytes (both alphabets; without the ends, which
 * depend on its neighbours), UTF-16 in both orders.
 */
export function formsOf(text: string): Form[] {
  const utf8 = Buffer.from(text);
  const utf16 = Buffer.from(text, 'utf16le');
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), utf8])
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(shift === 0 ? 0 : shift + 1, (shift + utf8.length) % 3 === 0 ? undefined : -1);
  });
  const forms = [
    { name: 'plain', bytes: utf8 },
    { name: 'hex', bytes: Buffer.from(utf8.toString('hex')) },
    { name: 'HEX', bytes: Buffer.from(utf8.toString('hex').toUpperCase()) },
    ...base64.map((encoded) => ({ name: 'base64', bytes: Buffer.from(encoded) })),
    ...base64.map((encoded) => ({
      name: 'base64url',
      bytes: Buffer.from(encoded.replace(/\+/g, '-').replace(/\//g, '_')),
    })),
    { name: 'UTF-16LE', bytes: utf16 },
    { name: 'UTF-16BE', bytes: Buffer.from(utf16).swap16() },
  ];
  return forms.filter((form, at) => forms.findIndex(({ bytes }) => bytes.equals(form.bytes)) === at);
}

/** Which of these strings stand in the bytes, in any form, as `string (form)`. */
export function found(bytes: Uint8Array, texts: readonly string[]): string[] {
  const among = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return texts.flatMap((text) =>
    formsOf(text)
      .filter((form) => among.includes(form.bytes))
      .map((form) => `${text} (${form.name})`),
  );
}
