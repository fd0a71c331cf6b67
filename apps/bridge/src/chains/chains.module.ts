import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { computeAddress } from 'ethers';
import { toHex } from '@cpds/crypto/bytes';
import { Metrics } from '@cpds/service';
import { DutyTimes } from '../transfers/duties.js';
import { FactsReader } from '../transfers/facts.js';
import { TransferDriver } from '../transfers/transfer-driver.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { ChainHalts } from './chain-halts.js';
import { ChainSet, ChainSetOptions } from './chain-set.js';
import { ConsortiumReader, ConsortiumReaderOptions, HubContracts } from './consortium-reader.js';
import { Consortium, ConsortiumTimes } from './consortium-view.js';
import { DeedEvidence } from './deed-evidence.js';
import { onceInAWhile } from './error-lines.js';
import { GrantFacts, GrantFactsOptions } from './grant-facts.js';
import { GrantWatch, GrantWatchOptions } from './grant-watch.js';
import { HaltFigure } from './halt-figure.js';
import { HomeClock } from './home-clock.js';
import { LockIntake } from './lock-intake.js';

export interface ChainsOptions extends Omit<ChainSetOptions, 'onError'> {
  /** The party this process runs as. */
  readonly self: string;
  readonly contracts: HubContracts;
  /** Role whose rows begin with a final lock: voucher or storeman. A hospital's rows begin with a request. */
  readonly intake: 'V' | 'S' | null;
  /** Where the figures of this module are kept. */
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
}

/** Everything a bridge process knows from chains, and its senders: connected, followed and stopped with the application. */
@Module({})
export class ChainsModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(ChainSet) private readonly chains: ChainSet,
    @Inject(ConsortiumReader) private readonly consortium: ConsortiumReader,
    @Inject(GrantWatch) private readonly watch: GrantWatch,
    @Inject(TransferDriver) private readonly driver: TransferDriver,
  ) {}

  static with(options: ChainsOptions): DynamicModule {
    const { self, contracts, gasKey, intake } = options;
    const onError = onceInAWhile(options.onError);
    const ownAccount = gasKey ? computeAddress(`0x${toHex(gasKey)}`).toLowerCase() : null;
    const chainSet: ChainSetOptions = { ...options, onError };
    const reader: ConsortiumReaderOptions = { self, onError };
    const facts: GrantFactsOptions = { onError, ownAccount };
    return {
      module: ChainsModule,
      global: true,
      providers: [
        { provide: HubContracts, useValue: contracts },
        ChainSet,
        { provide: ChainSetOptions, useValue: chainSet },
        ConsortiumReader,
        { provide: ConsortiumReaderOptions, useValue: reader },
        { provide: Consortium, useExisting: ConsortiumReader },
        { provide: DutyTimes, useClass: ConsortiumTimes },
        GrantFacts,
        { provide: GrantFactsOptions, useValue: facts },
        { provide: FactsReader, useExisting: GrantFacts },
        DeedEvidence,
        HomeClock,
        ChainHalts,
        GrantWatch,
        {
          provide: GrantWatchOptions,
          inject: [ConsortiumReader, TransfersService, ChainHalts],
          useFactory: (
            consortium: ConsortiumReader,
            transfers: TransfersService,
            halts: ChainHalts,
          ): GrantWatchOptions => {
            const rows = intake && new LockIntake(intake, () => consortium.current(), transfers);
            return {
              watchesMappings: intake !== 'V',
              watchesVouches: intake === 'V',
              ...(rows && { onLocked: (tx, homeUid, log) => rows.take(tx, homeUid, log) }),
              lookFor: (manager, grantId, log) => transfers.lookFor(manager, grantId, log),
              onDeepReorg: (chainUid) => halts.halt(chainUid),
              onError,
            };
          },
        },
        HaltFigure,
        { provide: Metrics, useValue: options.metrics },
      ],
      exports: [
        HubContracts,
        ChainSet,
        ConsortiumReader,
        Consortium,
        DutyTimes,
        GrantFacts,
        FactsReader,
        DeedEvidence,
        HomeClock,
        GrantWatch,
        ChainHalts,
      ],
    };
  }

  onApplicationBootstrap(): void {
    this.watch.onGrant(() => this.driver.wake());
    this.consortium.start();
    this.watch.start();
    this.chains.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.consortium.stop();
    await this.watch.stop();
    await this.chains.stop();
  }
}
