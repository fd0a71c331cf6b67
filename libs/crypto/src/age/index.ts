export * from './recipient.js';
export * from './stanza.js';
export * from './header.js';
export * from './file.js';
export * from './payload.js';
export * from './passphrase.js';
export * from './payload-reader.js';
