import { chainRetention } from '@cpds/chain';
import { outboxRetention } from '@cpds/outbox';
import type { Tables } from '@cpds/service';

/** How long each table's rows are kept. */
export const bridgeRetention: Tables['retention'] = [
  ...outboxRetention,
  ...chainRetention,
  { table: 'transfer', kept: 'for ever: one row per request and role, by which a second use of a grant is refused' },
  {
    table: 'resting_statement',
    kept: 'until its grant is known or over; 10,000 at most, 100 of a sender (`resting-statement.ts`)',
  },
  {
    table: 'request',
    kept: '90 days, and until its transfer is closed: it names a person',
    prune: {
      age: 'created_at',
      days: 90,
      only: `NOT EXISTS (SELECT 1 FROM transfer WHERE transfer.id = old.id AND transfer.state <> 'closed')`,
    },
  },
  {
    table: 'outgoing_datagram',
    kept: '32 days after its last repeat, and until it is answered or expired',
    prune: { age: 'next_at', days: 32, only: `old.state <> 'open'` },
  },
  {
    table: 'answered_datagram',
    kept: '32 days: the answer is repeated for longer than any deadline of a datagram',
    prune: { age: 'answered_at', days: 32 },
  },
  { table: 'ceremony', kept: 'for ever: one row per attempt to make a key' },
  { table: 'ceremony_log', kept: 'for ever: the logs of those attempts, by which a later judge decides' },
  { table: 'key_share', kept: 'until a reshare replaces it: one row per key and epoch' },
  { table: 'storeman_act', kept: 'for ever: up to two rows per grant, by which a second signature is refused' },
  {
    table: 'spent_nonce',
    kept: '32 days: nonces live in memory, and no session lives as long as a day',
    prune: { age: 'at', days: 32 },
  },
  { table: 'release', kept: 'for ever: one row per grant and epoch, whose bytes each repetition answers' },
];
