/** `@cpds/wallet/node`: what of the wallet needs Node. */

export * from './file-storage.js';
