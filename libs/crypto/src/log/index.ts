export * from './checkpoint.js';
export * from './cosignature.js';
export * from './frontier.js';
export * from './log-proof.js';
export * from './merkle.js';
export {
  formatVerifierKey,
  formatWitnessKey,
  noteSigner,
  parseVerifierKey,
  parseWitnessKey,
  verifierOf,
  type NoteSigner,
  type NoteVerifier,
} from './note-key.js';
export {
  formatNote,
  formatSignature,
  MAX_NOTE_BYTES,
  MAX_SIGNATURES,
  openNote,
  parseNote,
  signNote,
  type Note,
  type NoteSignature,
  type OpenedNote,
} from './note.js';
export * from './tile.js';
export * from './witness-policy.js';
