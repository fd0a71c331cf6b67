import { notWhatItSays, type ContentCheck } from './content-check.js';

/** How much of a file is kept to find PatientID in: group 0008 before it is a few KiB, with private images up to hundreds. */
const maxHeadBytes = 1024 * 1024;

const implicitLittle = '1.2.840.10008.1.2';
const explicitBig = '1.2.840.10008.1.2.2';
const deflated = '1.2.840.10008.1.2.1.99';
const patientId = 0x00100020;
const undefinedLength = 0xffffffff;
/** Value representations whose explicit length has four bytes, after two reserved ones (PS3.5 §7.1.2). */
const longForms = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

/**
 * A DICOM file (PS3.10 §7.1): preamble, `DICM`, file meta information that names a transfer syntax, then a data set
 * that can be read up to PatientID (0010,0020), which every composite object carries. The rest is not checked here.
 */
export class DicomCheck implements ContentCheck {
  private head: Buffer | null = Buffer.alloc(0);

  push(bytes: Uint8Array): void {
    if (this.head === null) return;
    this.head = Buffer.concat([this.head, bytes]);
    if (this.head.length >= 132) checkMagic(this.head);
    if (this.head.length >= maxHeadBytes) this.judge(this.head);
  }

  end(): void {
    if (this.head !== null) this.judge(this.head);
  }

  private judge(head: Buffer): void {
    checkMagic(head);
    readPatientId(head);
    this.head = null;
  }
}

/** PatientID of a DICOM file's head, `null` where the data set is deflated and cannot be read in place. */
export function readPatientId(head: Buffer): string | null {
  const { transferSyntax, end } = readMeta(head);
  if (transferSyntax === deflated) return null;
  const reader = new ElementReader(head, end, transferSyntax !== implicitLittle, transferSyntax === explicitBig);
  for (let element = reader.next(); element; element = reader.next()) {
    if (element.tag === patientId) return element.value.toString('latin1').replace(/[\0 ]+$/, '');
    if (element.tag > patientId) break;
  }
  throw notWhatItSays('PatientID', 'the data set cannot be read up to (0010,0020)');
}

function checkMagic(head: Buffer): void {
  if (head.toString('latin1', 128, 132) !== 'DICM') throw notWhatItSays('body', 'a DICOM file has DICM at byte 128');
}

/** The file meta group 0002: always explicit, little endian. */
function readMeta(head: Buffer): { transferSyntax: string; end: number } {
  const reader = new ElementReader(head, 132, true, false);
  let transferSyntax: string | undefined;
  let end = reader.at;
  for (let element = reader.next(); element && element.tag >>> 16 === 0x0002; element = reader.next()) {
    if (element.tag === 0x00020010) transferSyntax = element.value.toString('latin1').replace(/[\0 ]+$/, '');
    end = reader.at;
  }
  if (!transferSyntax) throw notWhatItSays('TransferSyntaxUID', 'the file meta information does not name it');
  return { transferSyntax, end };
}

interface Element {
  tag: number;
  value: Buffer;
}

/** Walks data elements (PS3.5 §7.1); `next` gives null where the bytes end or stop being elements. */
class ElementReader {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
    private readonly isExplicit: boolean,
    private readonly isBig: boolean,
  ) {}

  next(): Element | null {
    const header = this.header();
    if (!header) return null;
    if (header.length === undefinedLength)
      return this.skipUndefined(0) ? { tag: header.tag, value: Buffer.alloc(0) } : null;
    if (this.at + header.length > this.bytes.length) return null;
    const value = this.bytes.subarray(this.at, this.at + header.length);
    this.at += header.length;
    return { tag: header.tag, value };
  }

  private header(): { tag: number; length: number } | null {
    if (this.at + 8 > this.bytes.length) return null;
    const tag = this.u16(this.at) * 0x10000 + this.u16(this.at + 2);
    const isDelimiter = tag >>> 16 === 0xfffe;
    if (!this.isExplicit || isDelimiter) {
      const length = this.u32(this.at + 4);
      this.at += 8;
      return { tag, length };
    }
    const form = this.bytes.toString('latin1', this.at + 4, this.at + 6);
    if (!/^[A-Z]{2}$/.test(form)) return null;
    if (!longForms.has(form)) {
      const length = this.u16(this.at + 6);
      this.at += 8;
      return { tag, length };
    }
    if (this.at + 12 > this.bytes.length) return null;
    const length = this.u32(this.at + 8);
    this.at += 12;
    return { tag, length };
  }

  /** Past a sequence of undefined length: its items, up to the sequence delimiter. */
  private skipUndefined(depth: number): boolean {
    if (depth > 32) return false;
    for (let item = this.header(); item; item = this.header()) {
      if (item.tag === 0xfffee0dd) return true;
      if (item.tag !== 0xfffee000) return false;
      if (item.length === undefinedLength) {
        if (!this.skipItem(depth)) return false;
      } else this.at += item.length;
    }
    return false;
  }

  private skipItem(depth: number): boolean {
    for (let inner = this.header(); inner; inner = this.header()) {
      if (inner.tag === 0xfffee00d) return true;
      if (inner.length === undefinedLength) {
        if (!this.skipUndefined(depth + 1)) return false;
      } else this.at += inner.length;
    }
    return false;
  }

  private u16(at: number): number {
    return this.isBig ? this.bytes.readUInt16BE(at) : this.bytes.readUInt16LE(at);
  }

  private u32(at: number): number {
    return this.isBig ? this.bytes.readUInt32BE(at) : this.bytes.readUInt32LE(at);
  }
}
