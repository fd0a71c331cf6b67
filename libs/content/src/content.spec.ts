import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { checked, contentCheck, type ContentType } from './content.js';
import { DicomCheck, maxHeadBytes } from './dicom.js';
import { JsonReader } from './json-reader.js';

const field = join(import.meta.dirname, '../testdata');
const examples = join(import.meta.dirname, '../../../examples/records');

async function check(contentType: ContentType, body: Uint8Array | string, pieceBytes = 7): Promise<void> {
  const bytes = Buffer.from(body);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  let length = 0;
  const nobody = () => Promise.resolve();
  for await (const piece of checked(pieces(), contentCheck(contentType), nobody)) length += piece.length;
  expect(length).toBe(bytes.length);
}

const fhir = (text: string | Uint8Array) => check('application/fhir+json', text);
const refused = (field: string, text: string) =>
  expect.objectContaining({ code: 'not-what-it-says', status: 422, field, message: expect.stringContaining(text) });

describe('patients whom a body names', () => {
  const named = async (contentType: ContentType, body: Uint8Array | string, pieceBytes: number) => {
    const judge = contentCheck(contentType);
    const bytes = Buffer.from(body);
    for (let at = 0; at < bytes.length; at += pieceBytes) judge.push(bytes.subarray(at, at + pieceBytes));
    judge.end();
    return judge.patients?.();
  };
  const id = 'a7004633-15b2-6d32-b97b-958b655604e9';

  it.each([
    [
      'a Patient',
      '{"identifier":[{"system":"urn:a","value":"1"},{"value":"2"}],"resourceType":"Patient"}',
      [{ system: 'urn:a', value: '1' }, { value: '2' }],
    ],
    [
      'a subject by identifier',
      '{"resourceType":"Observation","subject":{"identifier":{"system":"urn:a","value":"1"}},"identifier":[{"value":"no patient"}]}',
      [{ system: 'urn:a', value: '1' }],
    ],
    [
      'a subject by pseudonym',
      `{"resourceType":"Observation","subject":{"reference":"https://x.test/Patient/${id}"}}`,
      [{ patientId: id }],
    ],
    [
      'a patient of a Bundle entry',
      '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Organization","identifier":[{"value":"9"}]}},{"resource":{"resourceType":"Patient","identifier":[{"system":"urn:a","value":"1"}]}}]}',
      [{ system: 'urn:a', value: '1' }],
    ],
    [
      'a contained patient',
      '{"resourceType":"Observation","contained":[{"resourceType":"Patient","identifier":[{"value":"1"}]}]}',
      [{ value: '1' }],
    ],
    [
      'texts with escapes',
      '{"resourceType":"Patient","identifier":[{"system":"http:\\/\\/a","value":"Zo\\u00eb \\"ö\\""}]}',
      [{ system: 'http://a', value: 'Zoë "ö"' }],
    ],
    ['nobody, by half a character', '{"resourceType":"Patient","identifier":[{"value":"\\ud800"}]}', []],
    [
      'nobody, by the type of an identifier',
      '{"resourceType":"Patient","identifier":[{"type":{"coding":[{"system":"urn:a","value":"1"}]}}]}',
      [],
    ],
  ])('are found: %s', async (_, body, expected) => {
    for (const pieceBytes of [1, 7, 4096])
      expect(await named('application/fhir+json', body, pieceBytes)).toEqual(expected);
  });

  it('are bounded', async () => {
    const many = Array.from(
      { length: 1_000 },
      (_, value) => `{"resourceType":"Patient","identifier":[{"value":"${value}"}]}`,
    );
    expect(
      await named('application/fhir+json', `{"resourceType":"Patient","contained":[${many.join()}]}`, 999),
    ).toHaveLength(256);
  });

  it('are found in an image by its PatientID', async () => {
    const image = readFileSync(join(examples, 'CT_small.dcm'));
    expect(await named('application/dicom', image, 4096)).toEqual([{ value: '1CT1' }]);
  });
});

describe('FHIR content', () => {
  it('takes the sample bundles and small resources', async () => {
    for (const file of readdirSync(examples).filter((name) => name.endsWith('.json')))
      await check('application/fhir+json', readFileSync(join(examples, file)), 64 * 1024);
    await fhir('{"resourceType":"Patient","name":[{"family":"Zoë \\"\\u00e9"}],"active":true,"n":-1.5e3}');
    await fhir(' { "entry" : [ ] , "type":"collection","resourceType" : "Bundle" } \n');
  });

  it.each([
    ['', 'body', 'ends in the middle'],
    ['not json', 'body', 'neither number nor word'],
    ['{"resourceType":"Patient"', 'body', 'ends in the middle'],
    ['{"resourceType":"Patient"}}', 'body', 'at byte 26: something follows its end'],
    ['{"resourceType":"Patient",}', 'body', 'member name is missing'],
    ['{"resourceType":"Patient","a":01}', 'body', 'neither number nor word'],
    ['{"resourceType":"Patient","a":[1 2]}', 'body', 'comma'],
    ['{"resourceType":"Patient","a":[1}', 'body', 'brackets do not match'],
    ['{"resourceType":"Patient","a":"\\x"}', 'body', 'escape'],
    ['{"resourceType":"Patient","a":"\n"}', 'body', 'control character'],
    [`{"resourceType":"Patient","a":${'['.repeat(200)}`, 'body', 'nests deeper'],
    ['{}', 'resourceType', 'names its type'],
    ['[{"resourceType":"Patient"}]', 'resourceType', 'names its type'],
    ['{"a":{"resourceType":"Patient"}}', 'resourceType', 'names its type'],
    ['{"resourceType":7}', 'resourceType', 'names its type'],
    ['{"resourceType":"Cat"}', 'resourceType', 'not a resource type'],
    ['{"resourceType":"Patient","resourceType":"Bundle"}', 'resourceType', 'twice'],
    ['{"resourceType":"Bundle"}', 'type', 'Bundle names its type'],
  ])('refuses %j by naming the field', async (text, field, reason) => {
    await expect(fhir(text)).rejects.toEqual(refused(field, reason));
  });

  it('refuses bytes that are not UTF-8', async () => {
    const text = Buffer.from('{"resourceType":"Patient","a":"?"}');
    text[text.indexOf('?')] = 0xff;
    await expect(fhir(text)).rejects.toEqual(refused('body', 'UTF-8'));
    await expect(fhir(Buffer.from([0xe2, 0x82]))).rejects.toEqual(refused('body', ''));
  });

  it('never quotes the body', async () => {
    const secret = 'Zebediah-1970-01-01';
    for (const body of [secret, `{"resourceType":"${secret}"}`, `{"a":${secret}}`])
      await expect(fhir(body)).rejects.toEqual(
        expect.objectContaining({ message: expect.not.stringContaining(secret) }),
      );
  });
});

describe('JSON reader', () => {
  const isTaken = (text: string, piece: number): boolean => {
    const reader = new JsonReader(() => undefined);
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
      reader.end();
      return true;
    } catch {
      return false; // the answer asked for
    }
  };

  it('agrees with JSON.parse, on JSON and on JSON with one character changed, whatever the pieces', () => {
    const changed = fc.tuple(
      fc.json({ maxDepth: 4 }),
      fc.option(fc.record({ at: fc.nat(), char: fc.constantFrom(...'{}[],:"\\tfn0-.e \n') })),
      fc.integer({ min: 1, max: 9 }),
    );
    fc.assert(
      fc.property(changed, ([json, change, piece]) => {
        const text = change
          ? json.slice(0, change.at % (json.length + 1)) + change.char + json.slice(change.at % (json.length + 1))
          : json;
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false; // the answer asked for
        }
        expect(isTaken(text, piece)).toBe(isJson);
      }),
      { numRuns: 2000 },
    );
  });
});

function patientIdOf(file: Uint8Array, pieceBytes = file.length): string | null {
  const looking = new DicomCheck();
  for (let at = 0; at < file.length; at += pieceBytes) looking.push(file.subarray(at, at + pieceBytes));
  looking.end();
  return looking.patientId;
}

describe('DICOM content', () => {
  const ct = readFileSync(join(examples, 'CT_small.dcm'));
  const mr = readFileSync(join(examples, 'MR_small.dcm'));

  it('takes the sample images and reads their PatientID', async () => {
    await check('application/dicom', ct, 1000);
    await check('application/dicom', mr, 64 * 1024);
    expect(patientIdOf(ct)).toBe('1CT1');
    expect(patientIdOf(mr, 100)).toBe('4MR1');
  });

  it('reads implicit and big-endian data sets, sequences of both kinds before PatientID, and a deflated one', () => {
    const meta = (syntax: string): Buffer => {
      const value = Buffer.from(syntax.length % 2 ? `${syntax}\0` : syntax);
      return Buffer.concat([
        Buffer.alloc(128),
        Buffer.from('DICM'),
        Buffer.from([2, 0, 0x10, 0, 0x55, 0x49, value.length, 0]),
        value,
      ]);
    };
    const implicit = (group: number, element: number, value: Buffer, length = value.length): Buffer => {
      const head = Buffer.alloc(8);
      head.writeUInt16LE(group, 0);
      head.writeUInt16LE(element, 2);
      head.writeUInt32LE(length >>> 0, 4);
      return Buffer.concat([head, value]);
    };
    const item = implicit(
      0xfffe,
      0xe000,
      Buffer.concat([implicit(8, 0x1150, Buffer.from('1.2 ')), implicit(0xfffe, 0xe00d, Buffer.alloc(0))]),
      -1,
    );
    const sequence = implicit(8, 0x1140, Buffer.concat([item, implicit(0xfffe, 0xe0dd, Buffer.alloc(0))]), -1);
    const id = implicit(0x10, 0x20, Buffer.from('P 1 '));
    expect(patientIdOf(Buffer.concat([meta('1.2.840.10008.1.2'), sequence, id]))).toBe('P 1');
    const zeros = implicit(0x7fe0, 0x10, Buffer.alloc(4 * maxHeadBytes));
    const rest = deflateRawSync(Buffer.concat([sequence, id, zeros]));
    expect(patientIdOf(Buffer.concat([meta('1.2.840.10008.1.2.1.99'), rest]))).toBe('P 1');

    const big = Buffer.from([0, 0x10, 0, 0x20, 0x4c, 0x4f, 0, 2, 0x37, 0x37]);
    expect(patientIdOf(Buffer.concat([meta('1.2.840.10008.1.2.2'), big]))).toBe('77');
  });

  it.each([
    ['an empty body', Buffer.alloc(0), 'body', 'DICM'],
    ['a bundle', Buffer.from('{"resourceType":"Bundle"}'), 'body', 'DICM'],
    [
      'no file meta information',
      Buffer.concat([ct.subarray(0, 132), Buffer.alloc(400, 0x20)]),
      'TransferSyntaxUID',
      'name',
    ],
    ['a data set cut off before PatientID', ct.subarray(0, 700), 'PatientID', '(0010,0020)'],
    ['no PatientID', readFileSync(join(field, 'd24-no-patient-id.dcm')), 'PatientID', '(0010,0020)'],
  ])('refuses %s', async (_, body, field, reason) => {
    await expect(check('application/dicom', body)).rejects.toEqual(refused(field, reason));
  });

  it.each(['d01-un-undefined-cp246', 'd06-ge-private-ts-implicit', 'd08-meta-repeated-in-dataset', 'd11-refs-14000'])(
    'takes what others read: %s',
    (name) => {
      expect(patientIdOf(readFileSync(join(field, `${name}.dcm`)), 4096)).not.toBe('');
    },
  );

  it('holds no more of a file than it says', () => {
    const looking = new DicomCheck();
    const piece = Buffer.alloc(2 ** 20);
    ct.copy(piece, 0, 0, 336);
    Buffer.from([8, 0, 1, 0, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0x0f]).copy(piece, 336);
    looking.push(piece);
    expect(() => {
      for (let i = 1; i < maxHeadBytes / piece.length; i++) looking.push(Buffer.alloc(piece.length));
    }).toThrow('(0010,0020)');
  });

  it('refuses another body at its 132nd byte, not at its end', () => {
    const looking = contentCheck('application/dicom');
    expect(() => looking.push(Buffer.alloc(200))).toThrow('DICM');
  });
});

describe('other content', () => {
  it('is a PDF by its first bytes, text by being UTF-8', async () => {
    await check('application/pdf', '%PDF-1.7 and so on', 2);
    await check('text/plain', 'Blutdruck 120/80, Größe 1,80 m', 1);
    await expect(check('application/pdf', 'PDF')).rejects.toEqual(refused('body', '%PDF-'));
    await expect(check('application/pdf', '%PDX-1.7')).rejects.toEqual(refused('body', '%PDF-'));
    await expect(check('text/plain', Buffer.from([0x41, 0xc3]))).rejects.toEqual(refused('body', 'UTF-8'));
  });
});

/** Real files of other makers where the machine has them: `CPDS_SAMPLES` names a folder. */
const samples = process.env.CPDS_SAMPLES;
if (samples && existsSync(samples))
  describe('samples', () => {
    it.each(readdirSync(samples))('%s is what it says', async (file) => {
      const type = file.endsWith('.dcm') ? 'application/dicom' : 'application/fhir+json';
      await check(type, readFileSync(join(samples, file)), 64 * 1024);
    });
  });
