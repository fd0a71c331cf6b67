export * from './attempt.js';
export * from './chain-uid.js';
export * from './eip712.js';
export * from './grant.js';
export * from './hex.js';
