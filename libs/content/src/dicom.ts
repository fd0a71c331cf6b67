import { inflateRawSync, constants } from 'node:zlib';
import { convertBytes } from 'dicom-character-set';
import dicomParser, { type ByteStream, type Element } from 'dicom-parser';
import { AppError } from '@cpds/errors';
import type { NamedPatient } from '@cpds/messages';
import { notWhatItSays, type ContentCheck } from './content-check.js';

/**
 * How much of a file is held at most while its PatientID is looked for, bytes. What stands before it is a few KiB, with
 * references to fourteen thousand images 1.6 MB.
 */
export const maxHeadBytes = 4 * 2 ** 20;
/** LO holds 64 characters (PS3.5 section 6.2); a longer one is nobody's number here. */
const mostValueChars = 64;
/** The head is looked at when it has room for `DICM`, and again whenever it is four times as long. */
const firstLookBytes = 132;

const bigEndian = '1.2.840.10008.1.2.2';
const deflated = '1.2.840.10008.1.2.1.99';
const transferSyntax = 'x00020010';
const endOfMeta = 'x0002ffff';
const characterSet = 'x00080005';
const patientId = 'x00100020';
/** Tags whose values are kept while a data set is read. */
const kept = new Set([transferSyntax, characterSet, patientId]);
const padding = /[\0 ]+$/;

/**
 * A DICOM file (PS3.10 section 7.1): preamble, `DICM`, file meta information that names a transfer syntax, then a data
 * set with PatientID (0010,0020), which every composite object carries, if only empty. The rest is not checked here.
 * Reads by dicom-parser, and like pydicom goes by what the data set looks like where a private transfer syntax does not
 * tell whether value representations are explicit.
 */
export class DicomCheck implements ContentCheck {
  private head: Buffer[] = [];
  private length = 0;
  private nextLook = firstLookBytes;
  private found: string | null = null;

  push(bytes: Uint8Array): void {
    if (this.found !== null) return;
    this.head.push(Buffer.from(bytes));
    this.length += bytes.length;
    if (this.length < this.nextLook) return;
    this.look(this.length < maxHeadBytes);
    this.nextLook = Math.min(4 * this.length, maxHeadBytes);
  }

  end(): void {
    if (this.found === null) this.look(false);
  }

  /** PatientID, without padding, once it was read; null before. Empty where the file leaves it so. */
  get patientId(): string | null {
    return this.found;
  }

  /** PatientID has no system, so it stands for whoever this hospital knows by that value. */
  patients(): NamedPatient[] {
    const value = this.found?.trim() ?? '';
    return value === '' || value.length > mostValueChars ? [] : [{ value }];
  }

  private look(mayGoOn: boolean): void {
    const head = Buffer.concat(this.head);
    this.head = [head];
    const found = readHead(head);
    if (found instanceof AppError) {
      if (mayGoOn && found.field !== 'body') return;
      throw found;
    }
    this.found = found;
    this.head = [];
  }
}

/** PatientID at the beginning of a DICOM file, or why it cannot be read there: perhaps only for want of more of the file. */
function readHead(head: Buffer): string | AppError {
  if (head.toString('latin1', 128, 132) !== 'DICM') return notWhatItSays('body', 'a DICOM file has DICM at byte 128');
  const meta = readUpTo(endOfMeta, head.subarray(132), { isImplicit: false, isBig: false });
  const syntax = meta.textOf(transferSyntax);
  if (!syntax) return notWhatItSays('TransferSyntaxUID', 'the file meta information does not name it');
  const rest = head.subarray(132 + meta.end);
  const body = syntax === deflated ? inflate(rest) : rest;
  const dataSet = readUpTo(patientId, body, { isImplicit: looksImplicit(body), isBig: syntax === bigEndian });
  const id = dataSet.valueOf(patientId);
  if (id === undefined) return notWhatItSays('PatientID', 'the data set cannot be read up to (0010,0020)');
  return decode(id, dataSet.textOf(characterSet) ?? '');
}

/** The outermost elements from the beginning of `bytes` to the one with tag `last`, or to where the bytes end or stop being elements. */
function readUpTo(last: string, bytes: Buffer, { isImplicit, isBig }: { isImplicit: boolean; isBig: boolean }) {
  const parser = isBig ? dicomParser.bigEndianByteArrayParser : dicomParser.littleEndianByteArrayParser;
  const values = new Map<string, Buffer>();
  let end = 0;
  while (end < bytes.length) {
    const stream = new dicomParser.ByteStream(parser, bytes, end);
    const element = readElement(stream, isImplicit);
    if (element === null || element.tag > last) break;
    if (kept.has(element.tag))
      values.set(element.tag, bytes.subarray(element.dataOffset, element.dataOffset + element.length));
    end = stream.position;
    if (element.tag === last) break;
  }
  return {
    end,
    valueOf: (tag: string) => values.get(tag),
    textOf: (tag: string) => values.get(tag)?.toString('latin1').replace(padding, ''),
  };
}

/** The next element; null where the bytes end within it or are none. */
function readElement(stream: ByteStream, isImplicit: boolean): Element | null {
  try {
    return isImplicit ? dicomParser.readDicomElementImplicit(stream) : dicomParser.readDicomElementExplicit(stream);
  } catch {
    return null; // it throws texts that tell no more
  }
}

/** Whether the first element has no value representation: two capital letters behind its tag (PS3.5 section 7.1.2). */
function looksImplicit(bytes: Buffer): boolean {
  return bytes.length >= 6 && !/^[A-Z]{2}$/.test(bytes.toString('latin1', 4, 6));
}

/** The beginning of a deflated data set, at most `maxHeadBytes` of it; empty if it is damaged. */
function inflate(bytes: Buffer): Buffer {
  for (let length = bytes.length; length > 0; length >>= 1) {
    try {
      const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxHeadBytes };
      return inflateRawSync(bytes.subarray(0, length), options);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') break;
    }
  }
  return Buffer.alloc(0);
}

/** A text by its SpecificCharacterSet (PS3.5 section 6.1), without padding. */
function decode(bytes: Buffer, named: string): string {
  try {
    return convertBytes(named, bytes, { vr: 'LO' }).replace(padding, '');
  } catch {
    return bytes.toString('latin1').replace(padding, ''); // no such character set: what stays is at least the same each time
  }
}
