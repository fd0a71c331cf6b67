import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { BusModule, BusRequests } from '@cpds/bus';
import { chainMigrations, ChainCursorRow, ChainTransactionRow, connectOwnChain } from '@cpds/chain';
import { DeedRegistry } from '@cpds/contracts';
import { invalid } from '@cpds/errors';
import { events } from '@cpds/messages';
import { Changes, OutboxModule, outboxMigrations, Receipts, told } from '@cpds/outbox';
import { errorLine, secret, type ServiceContext, type ServiceOptions, TokenVerifier } from '@cpds/service';
import { Leases, StoreModule, UnitOfWork } from '@cpds/store';
import { Interface } from 'ethers';
import type { FastifyInstance } from 'fastify';
import { Chores } from './chores.js';
import { type RecordsConfig, recordsConfig } from './config.js';
import { CohortRow, DeedRow } from './deeds/deed.row.js';
import { DeedsBusController } from './deeds/deeds.bus.controller.js';
import { DeedsHttpController } from './deeds/deeds.http.controller.js';
import { DeedsService } from './deeds/deeds.service.js';
import { Registrar } from './deeds/registrar.js';
import { ExchangeHttpController } from './exchange/exchange.http.controller.js';
import { ExchangeService } from './exchange/exchange.service.js';
import { MayServe } from './exchange/may-serve.js';
import { recordsMigrations } from './migrations.js';
import { OBJECT_STORE, type ObjectStore } from './objects/object-store.js';
import { openObjectStore } from './objects/open-object-store.js';
import { PendingObjects } from './objects/pending-objects.js';
import { Vault } from './objects/vault.js';
import { HomeExchange } from './openings/home-exchange.js';
import { HospitalDirectory } from './openings/hospital-directory.js';
import { OpeningRow } from './openings/opening.row.js';
import { OpeningsHttpController } from './openings/openings.http.controller.js';
import { OpeningsService } from './openings/openings.service.js';
import { TransfersBusController } from './openings/transfers.bus.controller.js';
import { Disclosure } from './records/disclosure.js';
import { Patients } from './records/patients.js';
import { ReEncryptions } from './records/re-encryptions.js';
import { ObjectRow, RecordRow } from './records/record.row.js';
import { RetiredObjects } from './records/retired-objects.js';
import { RecordsHttpController, UploadLimits } from './records/records.http.controller.js';
import { RecordsService } from './records/records.service.js';

type Context = ServiceContext<RecordsConfig>;

/** Records, deeds and the exchange of one hospital. */
@Module({})
export class RecordsAppModule implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(HttpAdapterHost) private readonly http: HttpAdapterHost,
    @Inject(Registrar) private readonly registrar: Registrar,
    @Inject(Chores) private readonly chores: Chores,
  ) {}

  static build(context: Context): DynamicModule {
    const { config, log } = context;
    const onError = (error: unknown): void => log.warn(errorLine(error), 'background work failed');
    return {
      module: RecordsAppModule,
      imports: [
        StoreModule.forRoot({
          url: config.DATABASE_URL,
          entities: [RecordRow, ObjectRow, DeedRow, CohortRow, OpeningRow, ChainTransactionRow, ChainCursorRow],
          migrations: [...outboxMigrations, ...chainMigrations, ...recordsMigrations],
        }),
        BusModule.forRoot({
          url: config.NATS_URL,
          name: `records.${config.PARTY}`,
          user: config.NATS_USER,
          password: config.NATS_PASSWORD,
          nkeySeedFile: config.NATS_NKEY_FILE,
          onHandlerError: (subject, error) => log.warn({ subject, ...errorLine(error) }, 'message failed'),
        }),
        OutboxModule.forHospital({ producer: `records.${config.PARTY}`, onError }),
      ],
      controllers: [
        RecordsHttpController,
        DeedsHttpController,
        ExchangeHttpController,
        OpeningsHttpController,
        DeedsBusController,
        TransfersBusController,
      ],
      providers: [...objectProviders(context, onError), ...serviceProviders(config), ...workers(context, onError)],
    };
  }

  /** Text uploads are streams like all others: Fastify's own parser would hold them whole. */
  onModuleInit(): void {
    (this.http.httpAdapter.getInstance() as FastifyInstance).removeContentTypeParser('text/plain');
  }

  onApplicationBootstrap(): void {
    this.registrar.start();
    this.chores.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.registrar.stop(), this.chores.stop()]);
  }
}

function objectProviders({ config, keys }: Context, onError: (error: unknown) => void) {
  const identity = keys.age;
  if (identity === undefined) throw invalid('key-missing', 'age', 'the key file has no age key');
  return [
    { provide: OBJECT_STORE, useFactory: () => openObjectStore(config) },
    {
      provide: PendingObjects,
      inject: [UnitOfWork, OBJECT_STORE],
      useFactory: (unitOfWork: UnitOfWork, store: ObjectStore) => new PendingObjects(unitOfWork, store, onError),
    },
    {
      provide: Vault,
      inject: [OBJECT_STORE, PendingObjects],
      useFactory: (store: ObjectStore, pending: PendingObjects) => new Vault(store, pending, identity),
    },
    {
      provide: OpeningsService,
      inject: [UnitOfWork, Changes, BusRequests, OBJECT_STORE, PendingObjects, HospitalDirectory, Disclosure, MayServe],
      useFactory: (
        unitOfWork: UnitOfWork,
        changes: Changes,
        requests: BusRequests,
        store: ObjectStore,
        pending: PendingObjects,
        directory: HospitalDirectory,
        disclosure: Disclosure,
        mayServe: MayServe,
      ) =>
        new OpeningsService(
          unitOfWork,
          changes,
          requests,
          store,
          pending,
          new HomeExchange(),
          directory,
          disclosure,
          mayServe,
          identity,
        ),
    },
  ];
}

function serviceProviders(config: RecordsConfig) {
  return [
    { provide: UploadLimits, useFactory: () => new UploadLimits(config.MAX_RECORD_BYTES) },
    { provide: Patients, inject: [BusRequests], useFactory: (requests: BusRequests) => new Patients(requests) },
    { provide: MayServe, inject: [BusRequests], useFactory: (requests: BusRequests) => new MayServe(requests) },
    {
      provide: DeedsService,
      inject: [UnitOfWork],
      useFactory: (unitOfWork: UnitOfWork) => new DeedsService(unitOfWork),
    },
    {
      provide: HospitalDirectory,
      useFactory: () => new HospitalDirectory(urlsOf(config, 'hub'), config.HUB_CHAIN_REGISTRY),
    },
    {
      provide: Disclosure,
      inject: [Changes, Receipts],
      useFactory: (changes: Changes, receipts: Receipts) =>
        new Disclosure(changes, receipts, config.RECEIPT_TIMEOUT_MS),
    },
    {
      provide: RecordsService,
      inject: [UnitOfWork, Changes, Patients, Vault, PendingObjects, OBJECT_STORE, Disclosure],
      useFactory: (...parts: ConstructorParameters<typeof RecordsService>) => new RecordsService(...parts),
    },
    {
      provide: ExchangeService,
      inject: [UnitOfWork, BusRequests, OBJECT_STORE, Disclosure, MayServe],
      useFactory: (
        unitOfWork: UnitOfWork,
        requests: BusRequests,
        store: ObjectStore,
        disclosure: Disclosure,
        mayServe: MayServe,
      ) => new ExchangeService(unitOfWork, requests, store, disclosure, mayServe),
    },
  ];
}

function workers({ config, keys }: Context, onError: (error: unknown) => void) {
  return [
    {
      provide: Registrar,
      inject: [UnitOfWork, Changes, Leases],
      useFactory: (unitOfWork: UnitOfWork, changes: Changes, leases: Leases) =>
        new Registrar(unitOfWork, changes, {
          flushAfterMs: config.FLUSH_AFTER_MS,
          pollMs: config.POLL_MS,
          onError,
          connect: () =>
            connectOwnChain({
              party: config.PARTY,
              hubUrls: urlsOf(config, 'hub'),
              ownUrls: urlsOf(config, config.OWN_CHAIN),
              chainRegistry: config.HUB_CHAIN_REGISTRY,
              contracts: ['deedRegistry'],
              interfaces: [new Interface(DeedRegistry.abi)],
              privateKey: `0x${Buffer.from(secret(keys, 'gas')).toString('hex')}`,
              pollMs: config.POLL_MS,
              unitOfWork,
              leases,
              onError,
              onSigned: (tx, sent) =>
                changes.within(
                  tx,
                  told({
                    type: events.cohortMinted,
                    correlation: sent.key.split('/')[1] ?? sent.key,
                    details: { transaction: sent.hash, chainUid: sent.chainUid, to: sent.to },
                  }),
                ),
            }),
        }),
    },
    {
      provide: ReEncryptions,
      inject: [UnitOfWork, RecordsService],
      useFactory: (unitOfWork: UnitOfWork, records: RecordsService) => new ReEncryptions(unitOfWork, records, onError),
    },
    {
      provide: RetiredObjects,
      inject: [UnitOfWork, Changes, BusRequests, PendingObjects],
      useFactory: (...parts: ConstructorParameters<typeof RetiredObjects>) => new RetiredObjects(...parts),
    },
    {
      provide: Chores,
      inject: [Leases, PendingObjects, ReEncryptions, RetiredObjects, ExchangeService],
      useFactory: (
        leases: Leases,
        pending: PendingObjects,
        sealing: ReEncryptions,
        retired: RetiredObjects,
        exchange: ExchangeService,
      ) =>
        new Chores(
          leases,
          [
            { name: 're-encrypt', everyMs: config.POLL_MS, run: () => sealing.workOff() },
            { name: 'retire', everyMs: 10 * config.POLL_MS, run: () => retired.workOff() },
            { name: 'sweep', everyMs: 60_000, run: () => pending.sweep(config.ORPHAN_AFTER_MS) },
            { name: 'nonces', everyMs: 60_000, run: () => exchange.pruneNonces() },
          ],
          onError,
        ),
    },
  ];
}

function urlsOf({ CHAINS }: RecordsConfig, chain: string): string[] {
  const urls = CHAINS[chain];
  if (!urls) throw invalid('bad-config', 'CHAINS', `CHAINS has no ${chain}`);
  return urls;
}

/** How this service starts, for its process and its tests. */
export const recordsService: ServiceOptions<typeof recordsConfig> = {
  name: 'records',
  config: recordsConfig,
  module: (context) => RecordsAppModule.build(context),
  tokens: (_app, config) => TokenVerifier.remote(config.IDENTITY_URL, config.PARTY),
  probes: (app) => [
    {
      name: 'objects',
      probe: async () => {
        if (!(await app.get<ObjectStore>(OBJECT_STORE).isUp())) throw new Error('away');
      },
    },
  ],
};
