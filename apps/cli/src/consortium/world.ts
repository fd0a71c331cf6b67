import type { Consortium, Hospital, Report } from '@cpds/local';
import type { AuditClient, Backend } from './backend.js';
import type { ConsortiumAddresses } from './addresses.js';

/** A running consortium and everything a command does with it. */
export interface World {
  readonly consortium: Consortium;
  readonly addresses: ConsortiumAddresses;
  readonly backends: Record<Hospital, Backend>;
  /** Audit services by party: `north`, `south`, `hub`. */
  readonly audits: Record<Hospital | 'hub', AuditClient>;
  readonly report: Report;
}
