/**
 * Where randomness comes from: a parameter everywhere, so that a test can fix it and no function hides a system call.
 * Returns `length` fresh uniform bytes each time it is called; `randomBytes` of `node:crypto` fits.
 */
export type RandomBytes = (length: number) => Uint8Array;
