/** The reading half: no database, runs in a browser. The wallet uses only this (`@cpds/chain/read`). */

export * from './block.js';
export * from './chain-nodes.js';
export * from './finality.js';
export * from './head-watch.js';
export * from './hub-rules.js';
export { observeChains, type ChainObserver } from './observer.js';
export * from './reader.js';
export * from './revert.js';
export * from './rpc.js';
