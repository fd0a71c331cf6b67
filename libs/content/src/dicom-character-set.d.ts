declare module 'dicom-character-set' {
  /** Text of `bytes` by the value of SpecificCharacterSet. @throws Error no such character set or escape */
  export function convertBytes(specificCharacterSet: string, bytes: Uint8Array, options: { vr: string }): string;
}
