import type { ServiceContext } from '@cpds/service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { SignerOptions, SignerService } from './signer.service.js';
import { StoremanView, StoremanViewOptions } from './storeman-view.js';

/** Longer than nodes usually see a block apart, shorter than a coordinator waits for a round; milliseconds. */
const view: StoremanViewOptions = { patienceMs: 1_500 };

/** The storeman's side of signing. */
@Module({})
export class SignerModule {
  static with({ config }: ServiceContext<BridgeConfig>): DynamicModule {
    const options: SignerOptions = { quotaPerHour: config.MINT_QUOTA };
    return {
      module: SignerModule,
      global: true,
      providers: [
        SignerService,
        { provide: SignerOptions, useValue: options },
        StoremanView,
        { provide: StoremanViewOptions, useValue: view },
      ],
      exports: [SignerService, StoremanView],
    };
  }
}
