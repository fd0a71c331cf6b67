export * from './chain-facts.js';
export * from './discrepancy.js';
export * from './log-source.js';
export * from './policy.js';
export * from './steps.js';
export * from './verify.js';
export * from './verify-anchors.js';
export * from './verify-log.js';
