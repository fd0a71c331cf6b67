import { Module, type DynamicModule } from '@nestjs/common';
import { HaltsHttpController } from '../chains/halts.http.controller.js';
import { HospitalChainDuties } from '../duties/chain-duties.js';
import { ClosingDuties } from '../duties/closing-duties.js';
import { SigningDuties } from '../duties/signing-duties.js';
import { GrantsBusController } from '../grants/grants.bus.controller.js';
import { GrantsHttpController } from '../grants/grants.http.controller.js';
import { GrantsService } from '../grants/grants.service.js';
import { RequestsHttpController } from '../requests/requests.http.controller.js';
import { RequestsService } from '../requests/requests.service.js';
import { OwnTransactions } from '../transfers/transfer-driver.js';
import { TransfersHttpController } from '../transfers/transfers.http.controller.js';
import { WalletHttpController } from '../wallet/wallet.http.controller.js';
import { hospitalProviders, type HospitalOptions } from './hospital.providers.js';
import { roleWork, type WorkOf } from './role-work.js';

/** Roles A and B: requests, consents, grants, lock, mint, refund, opening and serving. Holds no key share. */
@Module({})
export class HospitalModule {
  static with(options: HospitalOptions): DynamicModule {
    return {
      module: HospitalModule,
      global: true,
      controllers: [
        RequestsHttpController,
        TransfersHttpController,
        WalletHttpController,
        GrantsHttpController,
        HaltsHttpController,
        GrantsBusController,
      ],
      providers: [
        ...hospitalProviders(options),
        {
          provide: roleWork,
          inject: [RequestsService, GrantsService, HospitalChainDuties, SigningDuties, ClosingDuties],
          useFactory: workOf,
        },
      ],
      exports: [roleWork, OwnTransactions],
    };
  }
}

function workOf(
  requests: RequestsService,
  grants: GrantsService,
  chain: HospitalChainDuties,
  signing: SigningDuties,
  closing: ClosingDuties,
): WorkOf<'A' | 'B'> {
  return {
    duties: {
      'answer-not-granted': (row) => requests.answerNotGranted(row),
      'send-grant': (row) => grants.send(row),
      'send-lock': (row, facts) => chain.lock(row, facts),
      'cancel-lock': (row) => chain.cancelLock(row),
      'open-mint': (row) => signing.openMint(row),
      'sign-mint': (row) => signing.mint(row),
      'send-mint': (row) => chain.mint(row),
      'sign-not-mapped': (row) => signing.notMapped(row),
      'send-refund': (row) => chain.refund(row),
      'close-home': (row) => closing.closeHome(row),
      'close-destination': (row) => closing.closeDestination(row),
    },
    datagrams: {
      request: {
        take: (received) => requests.take(received),
        answered: (_sent, answer) => requests.answered(answer),
      },
      grant: {
        take: (received) => grants.receive(received),
        answered: (sent, answer) => grants.answered(sent.grantId, answer),
      },
    },
  };
}
