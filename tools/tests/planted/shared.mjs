import { randomBytes } from 'node:crypto';

/** Bytes that a module shared by specs draws while it is loaded. */
export const shared = randomBytes(8).toString('hex');
