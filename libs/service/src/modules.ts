/** What every service stands on, from its environment. Imported before its nouns, so that it is closed after them. */

import type { DynamicModule, FactoryProvider } from '@nestjs/common';
import { BusModule, inboxPrefixOf } from '@cpds/bus';
import {
  Changes,
  Disclosure,
  type DisclosureOptions,
  Outbox,
  OutboxModule,
  outboxPlaceOf,
  Receipts,
} from '@cpds/outbox';
import { invalid } from '@cpds/errors';
import { StoreModule, type StoreModuleOptions, UnitOfWork } from '@cpds/store';
import type { commonConfig, ConfigOf } from './config.js';
import type { SealedPlace } from './custody/reseal.js';
import { errorLine } from './log.js';
import { OutboxHttpController } from './outbox.http.controller.js';
import type { ServiceContext } from './start-service.js';

/** What a service keeps in its database: its row classes, the migrations that make its tables, and how long each is kept. */
export type Tables = Required<Pick<StoreModuleOptions, 'entities' | 'migrations' | 'retention'>>;

type Common = ServiceContext<ConfigOf<typeof commonConfig>>;

/** The service's database. */
export function storeModule({ config, onError }: Common, tables: Tables): DynamicModule {
  return StoreModule.forRoot({ url: config.DATABASE_URL, ...tables, onError });
}

/** The service's connection to its bus, as the user `userName` there: the service in a hospital, the operator on the hub. */
export function busModule({ name, config, log }: Common, userName = name): DynamicModule {
  return BusModule.forRoot({
    url: config.NATS_URL,
    ...(config.NATS_CA_FILE === undefined ? {} : { caFile: caFileOf(config) }),
    name: `${name}.${config.PARTY}`,
    nkeySeed: config.NATS_NKEY,
    inboxPrefix: inboxPrefixOf(userName),
    onHandlerError: (subject, error) => log.warn({ subject, ...errorLine(error) }, 'message failed'),
  });
}

/** An authority that nobody is held to would be a false comfort. */
function caFileOf({ NATS_URL, NATS_CA_FILE = '' }: Common['config']): string {
  if (!NATS_URL.startsWith('tls://'))
    throw invalid('bad-config', 'NATS_CA_FILE', 'NATS_CA_FILE needs a tls:// NATS_URL');
  return NATS_CA_FILE;
}

/** The outbox of a hospital's service, with its door; `consumers` are the services that read its events, beside audit. */
export function outboxModule({ name, config, ring, onError }: Common, consumers: string[] = []): DynamicModule {
  const outbox = OutboxModule.forHospital({ producer: `${name}.${config.PARTY}`, consumers, ring, onError });
  return { ...outbox, controllers: [...(outbox.controllers ?? []), OutboxHttpController] };
}

/** `Disclosure` for a service whose doors let data out. */
export function disclosureProvider(options: DisclosureOptions): FactoryProvider<Disclosure> {
  return {
    provide: Disclosure,
    inject: [UnitOfWork, Outbox, Changes, Receipts],
    useFactory: (unitOfWork: UnitOfWork, outbox: Outbox, changes: Changes, receipts: Receipts) =>
      new Disclosure(unitOfWork, outbox, changes, receipts, options),
  };
}

/** The rows of an outbox, for sealing anew. */
export const outboxPlace: SealedPlace = {
  table: 'outbox',
  key: ['producer', 'seq'],
  sealed: { column: 'envelope', encoding: 'base64', property: 'sealed' },
  placeOf: (row) => outboxPlaceOf(row['producer'] as string, row['seq'] as string),
};
