import { ActorsModule, type ServiceContext } from '@cpds/service';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { HaltsModule } from '../chains/halts.module.js';
import type { BridgeConfig } from '../config.js';
import { HospitalChainDuties } from '../duties/chain-duties.js';
import { ClosingDuties } from '../duties/closing-duties.js';
import { DutiesModule } from '../duties/duties.module.js';
import { SigningDuties } from '../duties/signing-duties.js';
import { GrantsModule } from '../grants/grants.module.js';
import { GrantsService } from '../grants/grants.service.js';
import { CollectorModule } from '../release/collector.module.js';
import { RequestsModule } from '../requests/requests.module.js';
import { RequestsService } from '../requests/requests.service.js';
import { CoordinatorModule } from '../signing/coordinator.module.js';
import { TransferViewModule } from '../transfers/transfer-view.module.js';
import { WalletModule } from '../wallet/wallet.module.js';
import { RoleWork, type WorkOf } from './role-work.js';

@Injectable()
class HospitalWork implements WorkOf<'A' | 'B'> {
  constructor(
    private readonly requests: RequestsService,
    private readonly grants: GrantsService,
    private readonly chain: HospitalChainDuties,
    private readonly signing: SigningDuties,
    private readonly closing: ClosingDuties,
  ) {}

  readonly duties: WorkOf<'A' | 'B'>['duties'] = {
    'answer-not-granted': (row) => this.requests.answerNotGranted(row),
    'send-grant': (row) => this.grants.send(row),
    'send-lock': (row, facts) => this.chain.lock(row, facts),
    'cancel-lock': (row) => this.chain.cancelLock(row),
    'open-mint': (row) => this.signing.openMint(row),
    'sign-mint': (row) => this.signing.mint(row),
    'send-mint': (row) => this.chain.mint(row),
    'sign-not-mapped': (row) => this.signing.notMapped(row),
    'send-refund': (row) => this.chain.refund(row),
    'close-home': (row) => this.closing.closeHome(row),
    'close-destination': (row) => this.closing.closeDestination(row),
  };

  readonly datagrams: WorkOf<'A' | 'B'>['datagrams'] = {
    request: {
      take: (received) => this.requests.take(received),
      answered: (_sent, answer) => this.requests.answered(answer),
    },
    grant: {
      take: (received) => this.grants.receive(received),
      answered: (sent, answer) => this.grants.answered(sent.grantId, answer),
    },
  };
}

/** Roles A and B: requests, consents, grants, lock, mint, refund, opening and serving. Holds no key share. */
@Module({})
export class HospitalModule {
  static with(context: ServiceContext<BridgeConfig>): DynamicModule {
    return {
      module: HospitalModule,
      global: true,
      imports: [
        ActorsModule,
        RequestsModule.with(context),
        WalletModule.with(context),
        GrantsModule,
        TransferViewModule,
        HaltsModule,
        CoordinatorModule,
        CollectorModule,
        DutiesModule,
      ],
      providers: [{ provide: RoleWork, useClass: HospitalWork }],
      exports: [RoleWork],
    };
  }
}
