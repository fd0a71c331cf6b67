export * from './read.js';
export * from './follower.js';
export * from './follower.row.js';
export * from './migrations.js';
export * from './send-outcome.js';
export * from './sender.js';
export * from './sender.row.js';
