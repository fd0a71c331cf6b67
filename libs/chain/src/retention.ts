import type { Retention } from '@cpds/store';

/** How long rows of followers and senders are kept; a service adds it to that of its own tables. */
export const chainRetention: readonly Retention[] = [
  { table: 'chain_cursor', kept: 'for ever: one row per chain and follower' },
  {
    table: 'chain_transaction',
    kept: 'for ever: one row per transaction, since each key is sent once for ever and its outcome can be asked for',
  },
];
