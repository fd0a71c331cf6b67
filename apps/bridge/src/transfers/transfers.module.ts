import type { ServiceContext } from '@cpds/service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { DriverOptions, TransferDriver } from './transfer-driver.js';
import { TransfersService } from './transfers.service.js';

/** Rows that the table moves. Whose duties they have, and by whom, the role's module says. */
@Module({})
export class TransfersModule {
  static with({ config, onError }: ServiceContext<BridgeConfig>): DynamicModule {
    const options: DriverOptions = { recheckMs: config.RECHECK_MS, concurrency: 16, onError };
    return {
      module: TransfersModule,
      global: true,
      providers: [TransfersService, TransferDriver, { provide: DriverOptions, useValue: options }],
      exports: [TransfersService, TransferDriver],
    };
  }
}
