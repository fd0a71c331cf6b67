import { Changes } from '@cpds/outbox';
import { Leases, UnitOfWork } from '@cpds/store';
import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { computeAddress } from 'ethers';
import { toHex } from '@cpds/crypto/bytes';
import { FactsReader } from '../transfers/facts.js';
import { TransferDriver } from '../transfers/transfer-driver.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { ChainHalts } from './chain-halts.js';
import { ChainSet, type ChainSetOptions } from './chain-set.js';
import { ConsortiumReader, type HubContracts } from './consortium-reader.js';
import { Consortium } from './consortium-view.js';
import { DeedEvidence } from './deed-evidence.js';
import { onceInAWhile } from './error-lines.js';
import { GrantFacts } from './grant-facts.js';
import { GrantWatch } from './grant-watch.js';
import { HomeClock } from './home-clock.js';
import { LockIntake } from './lock-intake.js';

export interface ChainsOptions extends Omit<ChainSetOptions, 'onError'> {
  /** The party this process runs as. */
  readonly self: string;
  readonly contracts: HubContracts;
  /** Role whose rows begin with a final lock: voucher or storeman. A hospital's rows begin with a request. */
  readonly intake: 'V' | 'S' | null;
  readonly onError: (error: unknown) => void;
}

/** Everything a bridge process knows from chains, and its senders: connected, followed and stopped with the application. */
@Module({})
export class ChainsModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(ChainSet) private readonly chains: ChainSet,
    @Inject(ConsortiumReader) private readonly consortium: ConsortiumReader,
    @Inject(GrantWatch) private readonly watch: GrantWatch,
  ) {}

  static with(options: ChainsOptions): DynamicModule {
    const { self, contracts, gasKey, intake } = options;
    const onError = onceInAWhile(options.onError);
    const account = gasKey ? computeAddress(`0x${toHex(gasKey)}`).toLowerCase() : null;
    return {
      module: ChainsModule,
      global: true,
      providers: [
        {
          provide: ChainSet,
          inject: [UnitOfWork, Leases, Changes],
          useFactory: (unitOfWork: UnitOfWork, leases: Leases, changes: Changes) =>
            new ChainSet(unitOfWork, leases, changes, { ...options, onError }),
        },
        {
          provide: ConsortiumReader,
          inject: [ChainSet],
          useFactory: (chains: ChainSet) => new ConsortiumReader(self, contracts, chains, onError),
        },
        { provide: Consortium, useExisting: ConsortiumReader },
        {
          provide: GrantFacts,
          inject: [ChainSet, ConsortiumReader],
          useFactory: (chains: ChainSet, consortium: ConsortiumReader) =>
            new GrantFacts(chains, consortium, contracts, onError, account),
        },
        { provide: FactsReader, useExisting: GrantFacts },
        {
          provide: DeedEvidence,
          inject: [ChainSet, ConsortiumReader],
          useFactory: (chains: ChainSet, consortium: ConsortiumReader) =>
            new DeedEvidence(chains, consortium, contracts),
        },
        {
          provide: HomeClock,
          inject: [ChainSet, ConsortiumReader],
          useFactory: (chains: ChainSet, consortium: ConsortiumReader) => new HomeClock(chains, consortium),
        },
        {
          provide: ChainHalts,
          inject: [UnitOfWork, TransfersService],
          useFactory: (unitOfWork: UnitOfWork, transfers: TransfersService) => new ChainHalts(unitOfWork, transfers),
        },
        {
          provide: GrantWatch,
          inject: [ChainSet, ConsortiumReader, UnitOfWork, TransfersService, TransferDriver, ChainHalts],
          useFactory: (
            chains: ChainSet,
            consortium: ConsortiumReader,
            unitOfWork: UnitOfWork,
            transfers: TransfersService,
            driver: TransferDriver,
            halts: ChainHalts,
          ) => {
            const rows = intake && new LockIntake(intake, () => consortium.current(), transfers);
            const watch = new GrantWatch(chains, consortium, contracts, unitOfWork, {
              watchesMappings: intake !== 'V',
              watchesVouches: intake === 'V',
              ...(rows && { onLocked: (tx, homeUid, log) => rows.take(tx, homeUid, log) }),
              onDeepReorg: (chainUid) => halts.halt(chainUid),
              onError,
            });
            watch.onGrant((grantId, log) => void driver.wakeGrant(grantId, log).catch(onError));
            return watch;
          },
        },
      ],
      exports: [
        ChainSet,
        ConsortiumReader,
        Consortium,
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
