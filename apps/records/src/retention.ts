import { chainRetention } from '@cpds/chain';
import { outboxRetention } from '@cpds/outbox';
import type { Tables } from '@cpds/service';

/** How long each table's rows are kept. Chores delete where a rule says minutes. */
export const recordsRetention: Tables['retention'] = [
  ...outboxRetention,
  ...chainRetention,
  { table: 'record', kept: 'for ever: one row per record' },
  {
    table: 'object',
    kept: 'for ever: one row per sealing, as its deed stays on the chain; the ciphertext goes when no grant is open',
  },
  { table: 'pending_object', kept: 'until the object has its row, else an hour (`ORPHAN_AFTER_MS`)' },
  { table: 'deed', kept: 'for ever: as long as the chain has it' },
  { table: 'cohort', kept: 'for ever: as long as the chain has it' },
  { table: 'fetch_nonce', kept: '2 minutes after the fetch has expired (`ExchangeService.pruneNonces`)' },
  { table: 're_encryption', kept: 'until it is done, then longer than any event is repeated (`ReEncryptions.prune`)' },
  { table: 'opening', kept: 'until the grant is revoked or over' },
  { table: 'ended_grant', kept: 'as long as a fetch may still come to keep what it got (`ORPHAN_AFTER_MS`)' },
  { table: 'damaged_object', kept: 'until a scrub finds the object whole, or no row names it' },
  {
    table: 'withdrawal_notice',
    kept: '60 days, also without an answer: no grant lives as long',
    prune: { age: 'made_at', days: 60 },
  },
  { table: 'withdrawn_grant', kept: 'until the grant is revoked or over' },
  { table: 'key_rotation', kept: 'for ever: one row per rotation of the age identity' },
  { table: 'scrub', kept: '400 days (`Scrubs`)' },
];
