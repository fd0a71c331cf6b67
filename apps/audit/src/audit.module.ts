import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Bus, BusModule } from '@cpds/bus';
import { chainEntities, chainMigrations } from '@cpds/chain';
import { nodeNoteSigner } from '@cpds/crypto/node';
import { derivationRoot, derivationRootMigrations, errorLine, secret, type ServiceContext } from '@cpds/service';
import { Leases, StoreModule, UnitOfWork } from '@cpds/store';
import { Counter } from 'prom-client';
import { AnchorChains } from './anchors/anchor-chains.js';
import { AnchorsHttpController } from './anchors/anchors.http.controller.js';
import { Anchors } from './anchors/anchors.service.js';
import { type AuditConfig, hubChain, hubParty, originOf } from './config.js';
import { Announcer } from './events/announcer.js';
import type { LogOwner } from './events/decode.js';
import { EventsConsumer } from './events/events.consumer.js';
import { Intake } from './events/intake.js';
import { LogHttpController } from './log/log.http.controller.js';
import { LogReader } from './log/log.reader.js';
import { AuditLog } from './log/log.service.js';
import { auditMigrations } from './migrations.js';
import { ProofsBus } from './proofs/proofs.bus.js';
import { ProofsHttpController } from './proofs/proofs.http.controller.js';
import { Proofs } from './proofs/proofs.service.js';
import { TrailHttpController } from './trail/trail.http.controller.js';

/** What goes on while the service is up, in the order in which it starts. */
@Module({})
export class AuditModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(AuditLog) private readonly log: AuditLog,
    @Inject(Announcer) private readonly announcer: Announcer,
    @Inject(EventsConsumer) private readonly events: EventsConsumer,
    @Inject(ProofsBus) private readonly requests: ProofsBus,
    @Inject(Anchors) private readonly anchors: Anchors,
    @Inject(AnchorChains) private readonly chains: AnchorChains,
  ) {}

  static forRoot(context: ServiceContext<AuditConfig>): DynamicModule {
    const { config, keys, ring, log: lines, metrics } = context;
    const origin = originOf(config.PARTY);
    const owner: LogOwner = config.PARTY === hubParty ? { kind: 'hub' } : { kind: 'hospital', party: config.PARTY };
    const onError = (error: unknown): void => lines.warn(errorLine(error), 'will be tried again');
    const onSubjectError = (subject: string, error: unknown): void =>
      lines.warn({ subject, ...errorLine(error) }, 'message failed');
    const leaves = new Counter({
      name: 'cpds_audit_leaves_total',
      help: 'entries appended',
      registers: [metrics.registry],
    });
    const alarms = new Counter({
      name: 'cpds_audit_alarms_total',
      help: 'sequence conflicts and refused messages',
      registers: [metrics.registry],
    });
    return {
      module: AuditModule,
      imports: [
        StoreModule.forRoot({
          url: config.DATABASE_URL,
          entities: chainEntities,
          migrations: [...chainMigrations, ...derivationRootMigrations, ...auditMigrations],
        }),
        BusModule.forRoot({
          url: config.NATS_URL,
          name: `audit.${config.PARTY}`,
          user: config.NATS_USER,
          password: config.NATS_PASSWORD,
          nkeySeedFile: config.NATS_NKEY_FILE,
          onHandlerError: onSubjectError,
        }),
      ],
      controllers: [LogHttpController, ProofsHttpController, TrailHttpController, AnchorsHttpController],
      providers: [
        {
          provide: AuditLog,
          inject: [UnitOfWork],
          useFactory: async (unitOfWork: UnitOfWork) => {
            const root = await unitOfWork.run((tx) => derivationRoot(tx, ring));
            const signer = nodeNoteSigner(origin, secret(keys, 'log'));
            return new AuditLog(unitOfWork, { party: config.PARTY, signer, ring, root });
          },
        },
        {
          provide: LogReader,
          inject: [UnitOfWork],
          useFactory: (unitOfWork: UnitOfWork) => new LogReader(unitOfWork),
        },
        {
          provide: Announcer,
          inject: [Bus, AuditLog],
          useFactory: (bus: Bus, log: AuditLog) => new Announcer(bus, log, owner, onError),
        },
        {
          provide: Intake,
          inject: [AuditLog, Announcer],
          useFactory: (log: AuditLog, announcer: Announcer) =>
            new Intake(log, (acceptance) => {
              leaves.inc(acceptance.appended);
              alarms.inc(acceptance.alarms);
              if (acceptance.alarms > 0) lines.error({ alarms: acceptance.alarms }, 'the log raised alarms');
              announcer.announce(acceptance.receipts);
            }),
        },
        {
          provide: EventsConsumer,
          inject: [Bus, AuditLog, Intake],
          useFactory: (bus: Bus, log: AuditLog, intake: Intake) =>
            new EventsConsumer(bus, owner, log, intake, onSubjectError),
        },
        {
          provide: Anchors,
          inject: [UnitOfWork, LogReader],
          useFactory: (unitOfWork: UnitOfWork, reader: LogReader) =>
            new Anchors(unitOfWork, reader, {
              hubChain,
              chains: [...new Set([config.OWN_CHAIN, hubChain])],
              everyMs: config.ANCHOR_EVERY_MS,
              onError,
            }),
        },
        {
          provide: Proofs,
          inject: [LogReader, Anchors],
          useFactory: (reader: LogReader, anchors: Anchors) => new Proofs(reader, anchors),
        },
        {
          provide: ProofsBus,
          inject: [Bus, AuditLog, Proofs],
          useFactory: (bus: Bus, log: AuditLog, proofs: Proofs) => new ProofsBus(bus, log, proofs, onSubjectError),
        },
        {
          provide: AnchorChains,
          inject: [UnitOfWork, Leases, Anchors],
          useFactory: (unitOfWork: UnitOfWork, leases: Leases, anchors: Anchors) =>
            new AnchorChains(unitOfWork, leases, anchors, {
              chains: config.CHAINS,
              ownChain: config.OWN_CHAIN,
              hubChain,
              registry: config.HUB_CHAIN_REGISTRY,
              hubAnchor: config.HUB_CHECKPOINT_ANCHOR,
              origin,
              gasKey: secret(keys, 'gas'),
              pollMs: config.POLL_MS,
              onError,
            }),
        },
      ],
    };
  }

  /** The log first: nothing is taken, answered or anchored by a log that does not hold together. */
  async onApplicationBootstrap(): Promise<void> {
    await this.log.open();
    await this.requests.start();
    await this.events.start();
    this.announcer.start();
    this.anchors.start();
    this.chains.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.events.stop();
    await this.announcer.stop();
    await this.requests.stop();
    await this.anchors.stop();
    await this.chains.stop();
  }
}
