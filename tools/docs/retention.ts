import { storeRetention, type Retention } from '@cpds/store';
import type { Tables } from '@cpds/service';
import { auditTables } from '../../apps/audit/src/migrations.js';
import { bridgeTables } from '../../apps/bridge/src/migrations.js';
import { identityTables } from '../../apps/identity/src/migrations.js';
import { recordsTables } from '../../apps/records/src/migrations.js';

/** What each service keeps in its database. */
export const tablesOf: Readonly<Record<string, Tables>> = {
  audit: auditTables,
  bridge: bridgeTables,
  identity: identityTables,
  records: recordsTables,
};

/** The page with the table of all tables. */
export const retentionPage = 'docs/retention.md';

/** How long each table of a service is kept, those of the store included. */
export function retentionOf(service: string): readonly Retention[] {
  return [...storeRetention, ...(tablesOf[service]?.retention ?? [])];
}

/** The lines of the page: each table once, with the services that have it, those of several services first. */
export function retentionLines(): { table: string; services: string[]; kept: string }[] {
  const lines = new Map<string, { table: string; services: string[]; kept: string }>();
  for (const service of Object.keys(tablesOf))
    for (const { table, kept } of retentionOf(service)) {
      const line = lines.get(table) ?? { table, services: [], kept };
      lines.set(table, { ...line, services: [...line.services, service] });
    }
  return [...lines.values()].sort((one, other) => other.services.length - one.services.length);
}
