import { type DynamicModule, Module } from '@nestjs/common';
import { OwnChainAccess, ownChainAccess, type ServiceContext } from '@cpds/service';
import type { RecordsConfig } from '../config.js';
import { DeedsBusController } from './deeds.bus.controller.js';
import { DeedsHttpController } from './deeds.http.controller.js';
import { DeedsService } from './deeds.service.js';
import { Registrar, RegistrarOptions } from './registrar.js';

@Module({})
export class DeedsModule {
  static with(context: ServiceContext<RecordsConfig>): DynamicModule {
    const registrar: RegistrarOptions = { flushAfterMs: context.config.FLUSH_AFTER_MS };
    return {
      module: DeedsModule,
      controllers: [DeedsHttpController, DeedsBusController],
      providers: [
        DeedsService,
        Registrar,
        { provide: OwnChainAccess, useValue: ownChainAccess(context) },
        { provide: RegistrarOptions, useValue: registrar },
      ],
    };
  }
}
