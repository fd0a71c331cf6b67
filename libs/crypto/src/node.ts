/** Second door of this package, `@cpds/crypto/node`: what needs node:crypto, so that the first door runs in a browser. */

export * from './age/node-aead.js';
export * from './age/node-scrypt.js';
export * from './age/node-streams.js';
export * from './log/node-note-signer.js';
