import type { ServiceContext } from '@cpds/service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { WalletHttpController } from './wallet.http.controller.js';
import { WalletParametersOptions, WalletParametersService } from './wallet-parameters.service.js';

@Module({})
export class WalletModule {
  static with({ config }: ServiceContext<BridgeConfig>): DynamicModule {
    const options: WalletParametersOptions = { revocationUrls: config.REVOCATION_URLS };
    return {
      module: WalletModule,
      controllers: [WalletHttpController],
      providers: [WalletParametersService, { provide: WalletParametersOptions, useValue: options }],
    };
  }
}
