import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { KeyRing } from '@cpds/crypto/custody';
import { Bus, BusRequests, ensureEventStream, hospitalEventSubjects } from '@cpds/bus';
import {
  anchoredSubject,
  appendedSubject,
  operatorAnchoredSubject,
  operatorAppendedSubject,
  operatorEventSubject,
  operatorReceiptSubject,
  outboxAgreed,
  receiptSubject,
} from '@cpds/messages';
import { Leases, Loop, UnitOfWork } from '@cpds/store';
import { Agreement } from './agreement.js';
import { Changes } from './changes.js';
import { Inbox } from './inbox.js';
import { Numbered } from './numbered.js';
import { outboxBusController } from './outbox.bus.controller.js';
import { Outbox } from './outbox.js';
import { Receipts } from './receipts.js';
import { Relay } from './relay.js';

/** Receives what goes wrong in the background, for logs. */
type OnError = (error: unknown) => void;

interface Wiring {
  producer: string;
  isOperator: boolean;
  consumers: string[];
  /** seals rows until they go */
  ring: KeyRing;
  /** where the operator of a role node says that the log stands, after a restore; looked at once */
  acceptedSeq?: number | undefined;
  onError: OnError;
}

const wiring = Symbol('outbox wiring');

/** Milliseconds between two looks for inbox entries that are old enough to be forgotten. */
const pruneEveryMs = 3_600_000;

/** Gives `Changes`, `Outbox`, `Inbox`, `Receipts` and `Agreement` to the whole application and runs the relay while it is up. */
@Global()
@Module({})
export class OutboxModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly pruning: Loop;

  constructor(
    @Inject(Relay) private readonly relay: Relay,
    @Inject(Receipts) private readonly receipts: Receipts,
    @Inject(Bus) private readonly bus: Bus,
    @Inject(wiring) private readonly wired: Wiring,
    @Inject(Agreement) private readonly agreement: Agreement,
    @Inject(Inbox) inbox: Inbox,
    @Inject(UnitOfWork) unitOfWork: UnitOfWork,
  ) {
    const prune = async () => ((await inbox.prune(unitOfWork)) ? 'again' : undefined);
    this.pruning = new Loop({ round: prune, everyMs: pruneEveryMs, onError: wired.onError });
  }

  /** A service of a hospital: producer `<service>.<party>`; `consumers` are the services that read its events, beside audit. */
  static forHospital(options: {
    producer: string;
    consumers?: string[];
    ring: KeyRing;
    onError: OnError;
  }): DynamicModule {
    return build({ isOperator: false, consumers: [], ...options });
  }

  /** A storeman or voucher, whose events go to the hub's log as `audit.events.<operator>`. */
  static forOperator({
    operator,
    ...options
  }: {
    operator: string;
    ring: KeyRing;
    acceptedSeq?: number | undefined;
    onError: OnError;
  }): DynamicModule {
    return build({ producer: operator, isOperator: true, consumers: [], ...options });
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.wired.isOperator) await ensureEventStream(await this.bus.jsm(), hospitalEventSubjects);
    await this.receipts.start();
    await this.accept();
    this.relay.start();
    this.pruning.start();
  }

  /** A refused number changes nothing: it is reported, and the disagreement stands. */
  private async accept(): Promise<void> {
    const { acceptedSeq, onError } = this.wired;
    if (acceptedSeq === undefined) return;
    await this.agreement.agreeAt(acceptedSeq, { by: 'service:bridge' }).catch(onError);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.receipts.stop();
    await Promise.all([this.relay.stop(), this.pruning.stop()]);
  }
}

function build(wired: Wiring): DynamicModule {
  const { producer, isOperator, consumers, ring, onError } = wired;
  const [service] = producer.split('.') as [string];
  return {
    module: OutboxModule,
    // A role node answers no service.
    controllers: isOperator ? [] : [outboxBusController(service)],
    providers: [
      { provide: wiring, useValue: wired },
      { provide: Outbox, useFactory: () => new Outbox(producer, ring) },
      {
        provide: Changes,
        inject: [UnitOfWork, Outbox],
        useFactory: (unitOfWork: UnitOfWork, outbox: Outbox) => new Changes(unitOfWork, outbox),
      },
      { provide: Inbox, useFactory: () => new Inbox() },
      {
        provide: Numbered,
        inject: [UnitOfWork, Outbox],
        useFactory: (unitOfWork: UnitOfWork, outbox: Outbox) => new Numbered(unitOfWork, outbox),
      },
      {
        provide: Agreement,
        inject: [UnitOfWork, BusRequests, Outbox, Numbered],
        useFactory: (unitOfWork: UnitOfWork, requests: BusRequests, outbox: Outbox, numbered: Numbered) =>
          new Agreement(unitOfWork, requests, outbox, numbered, {
            agreed: outboxAgreed(isOperator ? 'bridge' : service),
            onError,
          }),
      },
      {
        provide: Receipts,
        inject: [UnitOfWork, Bus, BusRequests, Numbered, Agreement],
        useFactory: (
          unitOfWork: UnitOfWork,
          bus: Bus,
          requests: BusRequests,
          numbered: Numbered,
          agreement: Agreement,
        ) =>
          new Receipts(unitOfWork, bus, requests, numbered, agreement, {
            receipts: isOperator ? operatorReceiptSubject(producer) : receiptSubject,
            anchors: isOperator ? operatorAnchoredSubject(producer) : anchoredSubject,
            onError,
          }),
      },
      {
        provide: Relay,
        inject: [UnitOfWork, Leases, Bus, Outbox, Numbered, Agreement, Receipts],
        useFactory: (
          unitOfWork: UnitOfWork,
          leases: Leases,
          bus: Bus,
          outbox: Outbox,
          numbered: Numbered,
          agreement: Agreement,
          receipts: Receipts,
        ) =>
          new Relay(unitOfWork, leases, bus, outbox, numbered, agreement, receipts, {
            producer,
            consumers,
            subjectOf: (event) => (isOperator ? operatorEventSubject(producer) : event.type),
            appended: isOperator ? operatorAppendedSubject(producer) : appendedSubject(service),
            mayInspect: !isOperator,
            onError,
          }),
      },
    ],
    exports: [Changes, Outbox, Inbox, Receipts, Agreement, Relay],
  };
}
