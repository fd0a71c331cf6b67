import { Module, type DynamicModule } from '@nestjs/common';
import { OwnTransactions } from '../transfers/own-transactions.js';
import { storemanProviders, type StoremanOptions } from './storeman.providers.js';

/** Role S: key ceremonies, shares of signatures, partial releases. Opens no door of a hospital and calls none. */
@Module({})
export class StoremanModule {
  static with(options: StoremanOptions): DynamicModule {
    return { module: StoremanModule, global: true, providers: storemanProviders(options), exports: [OwnTransactions] };
  }
}
