import { randomBytes } from 'node:crypto';

/** What a module that specs share draws while it is loaded. */
export const shared = randomBytes(8).toString('hex');
