export * from './idempotency.js';
export * from './lease.js';
export * from './loop.js';
export { storeRetention } from './migrations.js';
export * from './open-store.js';
export * from './pruning.js';
export * from './retention.js';
export * from './store.module.js';
export * from './unit-of-work.js';
