import type { KeyRing } from '@cpds/crypto/custody';
import { Changes } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import type { Provider } from '@nestjs/common';
import { CeremoniesRunner } from '../ceremonies/ceremonies.runner.js';
import { KeyShares } from '../ceremonies/key-shares.js';
import type { ConfiguredRoster } from '../ceremonies/roster.js';
import { ChainSet } from '../chains/chain-set.js';
import { Consortium } from '../chains/consortium-view.js';
import { MessageKey } from '../datagrams/datagram.js';
import { ReleaseService } from '../release/release.service.js';
import { SignerService } from '../signing/signer.service.js';
import { StoremanView } from '../signing/storeman-view.js';
import { FactsReader } from '../transfers/facts.js';
import { NoTransactions, OwnTransactions } from '../transfers/transfer-driver.js';
import { TransfersService } from '../transfers/transfers.service.js';

/** Longer than nodes usually see a block apart, shorter than a coordinator waits for a round; milliseconds. */
const patienceMs = 1_500;

/** A storeman's keys and what its operator agreed to. */
export interface StoremanOptions {
  /** seals shares and seeds */
  ring: KeyRing;
  /** the only ceremony this node's operator agreed to; without it the node takes part in none */
  roster?: ConfiguredRoster;
  /** mint shares per home, destination and hour */
  quotaPerHour: number;
  /** StoremanRegistry on the hub */
  storemanRegistry: string;
  onError: (error: unknown, context: object) => void;
}

/** How the parts of a storeman are built; what they do is in `storeman.module.ts`. */
export function storemanProviders(options: StoremanOptions): Provider[] {
  return [
    { provide: OwnTransactions, useClass: NoTransactions },
    {
      provide: KeyShares,
      inject: [UnitOfWork],
      useFactory: (unitOfWork: UnitOfWork) => new KeyShares(unitOfWork, options.ring),
    },
    {
      provide: CeremoniesRunner,
      inject: [UnitOfWork, Changes, KeyShares, ChainSet],
      useFactory: (unitOfWork: UnitOfWork, changes: Changes, shares: KeyShares, chains: ChainSet) =>
        new CeremoniesRunner(unitOfWork, changes, shares, chains, {
          registry: options.storemanRegistry,
          roster: options.roster ?? { accounts: [], threshold: 0, nMin: 0 },
          ring: options.ring,
          onError: (error) => options.onError(error, { part: 'ceremonies' }),
        }),
    },
    {
      provide: StoremanView,
      inject: [Consortium, FactsReader, TransfersService],
      useFactory: (consortium: Consortium, facts: FactsReader, transfers: TransfersService) =>
        new StoremanView(consortium, facts, transfers, patienceMs),
    },
    {
      provide: SignerService,
      inject: [UnitOfWork, Changes, Consortium, StoremanView, TransfersService, KeyShares, MessageKey],
      useFactory: (
        unitOfWork: UnitOfWork,
        changes: Changes,
        consortium: Consortium,
        view: StoremanView,
        transfers: TransfersService,
        shares: KeyShares,
        key: MessageKey,
      ) => {
        const { quotaPerHour } = options;
        return new SignerService(unitOfWork, changes, consortium, view, transfers, shares, key, { quotaPerHour });
      },
    },
    {
      provide: ReleaseService,
      inject: [UnitOfWork, Changes, Consortium, StoremanView, KeyShares, MessageKey],
      useFactory: (
        unitOfWork: UnitOfWork,
        changes: Changes,
        consortium: Consortium,
        view: StoremanView,
        shares: KeyShares,
        key: MessageKey,
      ) => new ReleaseService(unitOfWork, changes, consortium, view, shares, key),
    },
  ];
}
