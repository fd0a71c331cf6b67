import { Module, type DynamicModule } from '@nestjs/common';
import { ClosingDuties } from '../duties/closing-duties.js';
import { ReleaseService } from '../release/release.service.js';
import { SignerService } from '../signing/signer.service.js';
import { OwnTransactions } from '../transfers/transfer-driver.js';
import { roleWork, type WorkOf } from './role-work.js';
import { storemanProviders, type StoremanOptions } from './storeman.providers.js';

/** Role S: key ceremonies, shares of signatures, partial releases. Opens no door of a hospital and calls none. */
@Module({})
export class StoremanModule {
  static with(options: StoremanOptions): DynamicModule {
    return {
      module: StoremanModule,
      global: true,
      providers: [
        ...storemanProviders(options),
        { provide: roleWork, inject: [ClosingDuties, SignerService, ReleaseService], useFactory: workOf },
      ],
      exports: [roleWork, OwnTransactions],
    };
  }
}

function workOf(closing: ClosingDuties, signer: SignerService, release: ReleaseService): WorkOf<'S'> {
  return {
    duties: {
      'close-home': (row) => closing.closeHome(row),
      'close-destination': (row) => closing.closeDestination(row),
    },
    datagrams: {
      sign: { take: (received) => signer.answer(received) },
      release: { take: (received) => release.answer(received) },
    },
  };
}
