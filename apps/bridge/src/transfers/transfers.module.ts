import { Metrics, type ServiceContext } from '@cpds/service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { DriverOptions, TransferDriver } from './transfer-driver.js';
import { TransferFigures } from './transfer-figures.js';
import { TransfersService } from './transfers.service.js';

/** Rows that the table moves. Whose duties they have, and by whom, the role's module says. */
@Module({})
export class TransfersModule {
  static with({ config, metrics, onError }: ServiceContext<BridgeConfig>): DynamicModule {
    return {
      module: TransfersModule,
      global: true,
      providers: [
        TransfersService,
        TransferDriver,
        TransferFigures,
        { provide: Metrics, useValue: metrics },
        {
          provide: DriverOptions,
          inject: [TransferFigures],
          useFactory: (figures: TransferFigures): DriverOptions => ({
            recheckMs: config.RECHECK_MS,
            concurrency: 16,
            onTried: (duty, outcome) => figures.tried(duty, outcome),
            onError,
          }),
        },
      ],
      exports: [TransfersService, TransferDriver],
    };
  }
}
