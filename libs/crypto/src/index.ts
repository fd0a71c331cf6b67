export * from './bytes.js';
export * from './crypto-error.js';
export * from './curve.js';
export * from './hash.js';
