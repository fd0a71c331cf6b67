export { checked, contentCheck, type ContentType } from './content.js';
export type { ContentCheck } from './content-check.js';
export { DicomCheck, maxHeadBytes } from './dicom.js';
export { FhirCheck } from './fhir.js';
