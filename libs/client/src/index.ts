export * from './exchange.js';
export * from './http-client.js';
export * from './services.js';
export * from './token-source.js';
