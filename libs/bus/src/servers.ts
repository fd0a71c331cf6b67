/** What whoever runs a NATS server needs, without what a service needs: a command is there in half the time. */
export * from './permissions.js';
export * from './server-config.js';
