export * from './checkpoint.js';
export * from './frontier.js';
export * from './merkle.js';
export * from './note.js';
export * from './tile.js';
