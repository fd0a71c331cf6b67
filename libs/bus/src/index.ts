export * from './bus.js';
export * from './bus.module.js';
export * from './event-stream.js';
export * from './jetstream-strategy.js';
export * from './requests.js';
export * from './settle.js';
export * from './subject.js';
