export * from './app-error.js';
export * from './operation-outcome.js';
export * from './outcome.js';
export * from './parse.js';
export * from './problem.js';
export * from './token-error.js';
export * from './text.js';
