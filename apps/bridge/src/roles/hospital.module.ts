import { Module, type DynamicModule } from '@nestjs/common';
import { HaltsHttpController } from '../chains/halts.http.controller.js';
import { GrantsBusController } from '../grants/grants.bus.controller.js';
import { GrantsHttpController } from '../grants/grants.http.controller.js';
import { RequestsHttpController } from '../requests/requests.http.controller.js';
import { OwnTransactions } from '../transfers/own-transactions.js';
import { WalletHttpController } from '../wallet/wallet.http.controller.js';
import { hospitalProviders, type HospitalOptions } from './hospital.providers.js';

/** Roles A and B: requests, consents, grants, lock, mint, refund, opening and serving. Holds no key share. */
@Module({})
export class HospitalModule {
  static with(options: HospitalOptions): DynamicModule {
    return {
      module: HospitalModule,
      global: true,
      controllers: [
        RequestsHttpController,
        WalletHttpController,
        GrantsHttpController,
        HaltsHttpController,
        GrantsBusController,
      ],
      providers: hospitalProviders(options),
      exports: [OwnTransactions],
    };
  }
}
