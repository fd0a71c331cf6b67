/**
 * The PatientID (0010,0020) of a DICOM file (PS3.10), or null if it has none or is no DICOM file. Reads little-endian
 * transfer syntaxes, explicit and implicit; a deflated or big-endian file gives null.
 */
export function patientIdOf(file: Uint8Array): string | null {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 132 || bytes.toString('latin1', 128, 132) !== 'DICM') return null;
  let isExplicit = true;
  let syntax = '';
  for (let at = 132; at + 8 <= bytes.length;) {
    const group = bytes.readUInt16LE(at);
    const element = bytes.readUInt16LE(at + 2);
    // The meta group is always explicit; the rest is as its transfer syntax says (PS3.5 A.1).
    if (group !== 0x0002) {
      if (syntax !== '' && !/^1\.2\.840\.10008\.1\.2(\.1$|\.4|\.5|$)/.test(syntax)) return null;
      isExplicit = syntax !== '1.2.840.10008.1.2';
    }
    const { value, length } = header(bytes, at, isExplicit);
    if (length === 0xffffffff) return null; // a sequence of unknown length before (0010,0020): such files are treated as having no PatientID
    if (group === 0x0010 && element === 0x0020) return text(bytes, value, length);
    if (group > 0x0010) return null;
    if (group === 0x0002 && element === 0x0010) syntax = text(bytes, value, length) ?? '';
    at = value + length;
  }
  return null;
}

/** Where the value of the element at `at` begins, and how long it is. */
function header(bytes: Buffer, at: number, isExplicit: boolean): { value: number; length: number } {
  if (!isExplicit) return { value: at + 8, length: bytes.readUInt32LE(at + 4) };
  const isLong = ['OB', 'OW', 'OF', 'OD', 'OL', 'SQ', 'UC', 'UN', 'UR', 'UT'].includes(
    bytes.toString('latin1', at + 4, at + 6),
  );
  if (!isLong) return { value: at + 8, length: bytes.readUInt16LE(at + 6) };
  return { value: at + 12, length: at + 12 <= bytes.length ? bytes.readUInt32LE(at + 8) : 0xffffffff };
}

function text(bytes: Buffer, at: number, length: number): string | null {
  return bytes.toString('latin1', at, at + length).replace(/[\0 ]+$/, '') || null;
}
