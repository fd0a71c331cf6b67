import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Bus, eventStream } from '@cpds/bus';
import { consumerFigure, errorLine, Metrics, type ServiceContext } from '@cpds/service';
import { Counter } from 'prom-client';
import { Anchors } from '../anchors/anchors.service.js';
import { type AuditConfig, hubParty } from '../config.js';
import { Announcer, AnnouncerOptions } from './announcer.js';
import type { LogOwner } from './decode.js';
import { durableName, EventsConsumer, EventsConsumerOptions } from './events.consumer.js';
import { Gaps, GapsOptions } from './gaps.service.js';
import { Intake, IntakeOptions } from './intake.js';
import { OpenedStream } from './opened-stream.js';

@Module({})
export class EventsModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly events: EventsConsumer,
    private readonly gaps: Gaps,
    private readonly announcer: Announcer,
    metrics: Metrics,
    bus: Bus,
  ) {
    consumerFigure(metrics, bus, durableName);
  }

  static with({ config, log, metrics, onError }: ServiceContext<AuditConfig>): DynamicModule {
    const owner: LogOwner = config.PARTY === hubParty ? { kind: 'hub' } : { kind: 'hospital', party: config.PARTY };
    const registers = [metrics.registry];
    const leaves = new Counter({ name: 'cpds_audit_leaves_total', help: 'entries appended', registers });
    const alarms = new Counter({
      name: 'cpds_audit_alarms_total',
      help: 'sequence conflicts and refused messages',
      registers,
    });
    const announcerOptions = (anchors: Anchors): AnnouncerOptions => ({
      owner,
      coveredSize: () => anchors.coveredSize(),
      onError,
    });
    const consumer: EventsConsumerOptions = {
      owner,
      streamReplicas: config.STREAM_REPLICAS,
      onError: (subject, error) => log.warn({ subject, ...errorLine(error) }, 'message failed'),
      onTaken: ({ type, producer, seq }) => log.info({ type, producer, seq }, 'event taken'),
      onLoss: (loss) => {
        metrics.busLosses.inc({ what: loss });
        log.error({ stream: eventStream, consumer: 'audit', lost: loss }, 'lost on the bus and made anew');
      },
    };
    const gaps: GapsOptions = {
      owner,
      onError,
      onMissing: (missing, signed) => log.warn({ missing, signed }, 'events are missing: getting them again'),
    };
    const intakeOptions = (announcer: Announcer): IntakeOptions => ({
      onDurable: (acceptance) => {
        leaves.inc(acceptance.appended);
        alarms.inc(acceptance.alarms);
        if (acceptance.alarms > 0) log.error({ alarms: acceptance.alarms }, 'the log raised alarms');
        announcer.announce(acceptance.receipts);
      },
    });
    return {
      module: EventsModule,
      global: true,
      providers: [
        Announcer,
        Intake,
        OpenedStream,
        EventsConsumer,
        Gaps,
        { provide: Metrics, useValue: metrics },
        { provide: AnnouncerOptions, inject: [Anchors], useFactory: announcerOptions },
        { provide: EventsConsumerOptions, useValue: consumer },
        { provide: GapsOptions, useValue: gaps },
        { provide: IntakeOptions, inject: [Announcer], useFactory: intakeOptions },
      ],
      exports: [Announcer],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.events.start();
    await this.gaps.start();
    this.announcer.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.gaps.stop();
    await this.events.stop();
    await this.announcer.stop();
  }
}
