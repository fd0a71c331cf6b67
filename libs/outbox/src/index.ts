export * from './changes.js';
export * from './inbox.js';
export * from './migrations.js';
export * from './outbox.js';
export * from './outbox.module.js';
export * from './outcome.js';
export * from './receipts.js';
export * from './relay.js';
