import { Changes } from '@cpds/outbox';
import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { ChainSet } from '../chains/chain-set.js';
import { Consortium } from '../chains/consortium-view.js';
import { onceInAWhile } from '../chains/error-lines.js';
import { GrantFacts } from '../chains/grant-facts.js';
import { NoTransactions, OwnTransactions } from '../transfers/transfer-driver.js';
import { HeadsService } from '../vouching/heads.service.js';
import { VouchingService } from '../vouching/vouching.service.js';
import { roleWork, type WorkOf } from './role-work.js';

export interface VoucherOptions {
  /** TransferLedger on the hub. */
  transferLedger: string;
  onError: (error: unknown) => void;
}

/** Role V: vouches on the hub for locks it saw final on their home chains, and anchors those chains' heads there. */
@Module({})
export class VoucherModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(HeadsService) private readonly heads: HeadsService) {}

  static with({ transferLedger, onError }: VoucherOptions): DynamicModule {
    return {
      module: VoucherModule,
      global: true,
      providers: [
        { provide: roleWork, inject: [VouchingService], useFactory: workOf },
        { provide: OwnTransactions, useClass: NoTransactions },
        {
          provide: VouchingService,
          inject: [Changes, ChainSet, GrantFacts],
          useFactory: (changes: Changes, chains: ChainSet, facts: GrantFacts) =>
            new VouchingService(changes, chains, facts, transferLedger),
        },
        {
          provide: HeadsService,
          inject: [ChainSet, Consortium],
          useFactory: (chains: ChainSet, consortium: Consortium) =>
            new HeadsService(chains, consortium, transferLedger, onceInAWhile(onError)),
        },
      ],
      exports: [roleWork, OwnTransactions],
    };
  }

  onApplicationBootstrap(): void {
    this.heads.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.heads.stop();
  }
}

function workOf(vouching: VouchingService): WorkOf<'V'> {
  return { duties: { vouch: (row, facts) => vouching.vouch(row, facts) }, datagrams: {} };
}
