import { nodeTransport } from './node-transport.js';
import { Rpc } from './rpc.js';

export * from './read.js';
export * from './follower.js';
export * from './follower.row.js';
export * from './migrations.js';
export * from './own-chain.js';
export * from './retention.js';
export * from './send-outcome.js';
export * from './sender.js';
export * from './sender.row.js';

// Whoever imports this door runs in Node and gets the faster transport; `@cpds/chain/read` alone keeps fetch.
Rpc.transport = nodeTransport;
