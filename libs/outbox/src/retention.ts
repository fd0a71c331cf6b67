import type { Retention } from '@cpds/store';

/** How long rows of the outbox and the inbox are kept; a service adds it to that of its own tables. */
export const outboxRetention: readonly Retention[] = [
  { table: 'outbox_counter', kept: 'for ever: one row, the numbers that were given' },
  { table: 'outbox_relay', kept: 'for ever: one row, what the relay knows' },
  { table: 'outbox', kept: 'until a final anchor covers the event and every consumer has passed it (`relay.ts`)' },
  { table: 'inbox', kept: '14 days: longer than the stream keeps a message (`Inbox.prune`)' },
];
