import type { NamedPatient, RecordMetadata } from '@cpds/messages';
import { notWhatItSays, Utf8Check, type ContentCheck } from './content-check.js';
import { DicomCheck } from './dicom.js';
import { FhirCheck } from './fhir.js';

export type ContentType = RecordMetadata['contentType'];

/** A fresh check for a body of this type. */
export function contentCheck(contentType: ContentType): ContentCheck {
  switch (contentType) {
    case 'application/fhir+json':
      return new FhirCheck();
    case 'application/dicom':
      return new DicomCheck();
    case 'application/pdf':
      return new PdfCheck();
    case 'text/plain':
      return new Utf8Check();
  }
}

/**
 * Passes `body` on and checks it: throws before its end if the whole is not what it claims to be, or if `whose` throws for
 * the patients that it names.
 */
export async function* checked(
  body: AsyncIterable<Uint8Array>,
  check: ContentCheck,
  whose: (named: NamedPatient[]) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    check.push(bytes);
    yield bytes;
  }
  check.end();
  await whose(check.patients?.() ?? []);
}

/** %PDF- at the start (ISO 32000-1 §7.5.2). */
class PdfCheck implements ContentCheck {
  private head = Buffer.alloc(0);

  push(bytes: Uint8Array): void {
    if (this.head.length < 5) this.head = Buffer.concat([this.head, bytes.subarray(0, 5)]);
    if (this.head.length >= 5) this.end();
  }

  end(): void {
    if (this.head.toString('latin1', 0, 5) !== '%PDF-') throw notWhatItSays('body', 'a PDF starts with %PDF-');
  }
}
