export * from './ceremony.js';
export * from './generation.js';
export * from './group.js';
export * from './nonces.js';
export * from './signing.js';
