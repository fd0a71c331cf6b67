/** Hex text with its prefix: the form of every byte string that meets ethers, JSON or a database here. */
export type Hex = `0x${string}`;
