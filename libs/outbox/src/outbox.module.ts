import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Bus, ensureEventStream, hospitalEventSubjects } from '@cpds/bus';
import { operatorEventSubject, operatorReceiptSubject, receiptSubject } from '@cpds/messages';
import { Leases, UnitOfWork } from '@cpds/store';
import { Changes } from './changes.js';
import { Inbox } from './inbox.js';
import { Outbox } from './outbox.js';
import { Receipts } from './receipts.js';
import { Relay } from './relay.js';

/** Receives what goes wrong in the background, for logs. */
type OnError = (error: unknown) => void;

interface Wiring {
  producer: string;
  isOperator: boolean;
  consumers: string[];
  onError: OnError;
}

const wiring = Symbol('outbox wiring');

/** Gives `Changes`, `Outbox`, `Inbox` and `Receipts` to the whole application and runs the relay while it is up. */
@Global()
@Module({})
export class OutboxModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(Relay) private readonly relay: Relay,
    @Inject(Receipts) private readonly receipts: Receipts,
    @Inject(Bus) private readonly bus: Bus,
    @Inject(wiring) private readonly wired: Wiring,
  ) {}

  /** A service of a hospital: producer `<service>.<party>`; `consumers` are the services that read its events, beside audit. */
  static forHospital(options: { producer: string; consumers?: string[]; onError: OnError }): DynamicModule {
    return build({ isOperator: false, consumers: [], ...options });
  }

  /** A storeman or voucher, whose events go to the hub's log as `audit.events.<operator>`. */
  static forOperator(options: { operator: string; onError: OnError }): DynamicModule {
    return build({ producer: options.operator, isOperator: true, consumers: [], onError: options.onError });
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.wired.isOperator) await ensureEventStream(await this.bus.jsm(), hospitalEventSubjects);
    await this.receipts.start();
    this.relay.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.receipts.stop();
    await this.relay.stop();
  }
}

function build(wired: Wiring): DynamicModule {
  const { producer, isOperator, consumers, onError } = wired;
  return {
    module: OutboxModule,
    providers: [
      { provide: wiring, useValue: wired },
      { provide: Outbox, useFactory: () => new Outbox(producer) },
      {
        provide: Changes,
        inject: [UnitOfWork, Outbox],
        useFactory: (unitOfWork: UnitOfWork, outbox: Outbox) => new Changes(unitOfWork, outbox),
      },
      { provide: Inbox, useFactory: () => new Inbox() },
      {
        provide: Receipts,
        inject: [UnitOfWork, Bus],
        useFactory: (unitOfWork: UnitOfWork, bus: Bus) =>
          new Receipts(unitOfWork, bus, {
            producer,
            subject: isOperator ? operatorReceiptSubject(producer) : receiptSubject,
            mayAsk: !isOperator,
            onError,
          }),
      },
      {
        provide: Relay,
        inject: [UnitOfWork, Leases, Bus, Outbox, Receipts],
        useFactory: (unitOfWork: UnitOfWork, leases: Leases, bus: Bus, outbox: Outbox, receipts: Receipts) =>
          new Relay(unitOfWork, leases, bus, outbox, receipts, {
            producer,
            consumers,
            subjectOf: (event) => (isOperator ? operatorEventSubject(producer) : event.type),
            mayInspect: !isOperator,
            onError,
          }),
      },
    ],
    exports: [Changes, Outbox, Inbox, Receipts, Relay],
  };
}
