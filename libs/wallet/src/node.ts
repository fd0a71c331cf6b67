/** `@cpds/wallet/node`: the parts of the wallet that need Node. */

export * from './file-storage.js';
