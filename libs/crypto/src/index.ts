export * from './age/index.js';
export * from './bytes.js';
export * from './crypto-error.js';
export * from './curve.js';
export * from './hash.js';
export * from './custody.js';
export * from './hpke.js';
