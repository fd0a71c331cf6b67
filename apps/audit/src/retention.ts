import { derivationRootRetention, type Tables } from '@cpds/service';
import { chainRetention } from '@cpds/chain';

/** How long each table's rows are kept. */
export const auditRetention: Tables['retention'] = [
  ...chainRetention,
  ...derivationRootRetention,
  { table: 'log', kept: 'for ever: one row, the newest checkpoint' },
  { table: 'tile', kept: 'for ever: proofs are made from it; 32 bytes an event' },
  { table: 'opened_stream', kept: 'for ever: one row, the stream that was read last' },
  { table: 'producer', kept: 'for ever: one row per producer' },
  {
    table: 'event',
    kept: 'for ever: the log; details end when the person is erased',
  },
  { table: 'details_key', kept: 'for ever: one row per person and erasure; an erasure empties the key' },
  {
    table: 'refused_event',
    kept: '400 days; the alarm about it stays in the log',
    prune: { age: 'seen_at', days: 400 },
  },
  {
    table: 'anchor',
    kept: 'for ever: proofs of inclusion name the anchor that covers an entry; at most one a minute and chain',
  },
];
