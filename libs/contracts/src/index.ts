export * from './attempt.js';
export * from './binding.js';
export * from './chain-uid.js';
export * from './eip712.js';
export * from './generated/index.js';
export * from './grant.js';
export * from './hex.js';
export * from './signature.js';
