export * from './exchange.js';
export * from './http-client.js';
export * from './operator-tokens.js';
export * from './services.js';
export * from './token-source.js';
