export * from './recipient.js';
export * from './stanza.js';
export * from './header.js';
export * from './payload.js';
