// Generated from contracts/ by scripts/generate.mjs. Do not edit.
export * from './chain-registry.js';
export * from './checkpoint-anchor.js';
export * from './deed-registry.js';
export * from './erc5564-announcer.js';
export * from './erc6538-registry.js';
export * from './key-registry.js';
export * from './locked-account.js';
export * from './mapped-deeds.js';
export * from './storeman-registry.js';
export * from './transfer-ledger.js';
export * from './structs.js';
