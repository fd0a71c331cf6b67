import { chainRetention } from '@cpds/chain';
import { outboxRetention } from '@cpds/outbox';
import { derivationRootRetention, type Tables } from '@cpds/service';

/** How long each table's rows are kept. */
export const identityRetention: Tables['retention'] = [
  ...outboxRetention,
  ...chainRetention,
  ...derivationRootRetention,
  { table: 'client', kept: 'for ever: one row per backend and wallet' },
  {
    table: 'former_client_key',
    kept: 'as long as the client: one row per key that was replaced, so that it never comes back',
  },
  {
    table: 'used_assertion',
    kept: '1 day after its end: from its end on a replay is refused as expired',
    prune: { age: 'expires_at', days: 1 },
  },
  { table: 'patient', kept: 'for ever: one row per patient; an identifier is a keyed hash' },
  { table: 'department', kept: 'for ever: one row per department, whose keys open what was granted to it' },
  { table: 'clinician', kept: 'for ever: one row per clinician; a registration is a keyed hash' },
];
