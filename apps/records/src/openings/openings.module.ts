import { type DynamicModule, Module } from '@nestjs/common';
import { type ServiceContext, urlsOf } from '@cpds/service';
import type { RecordsConfig } from '../config.js';
import { HomeExchange } from './home-exchange.js';
import { HospitalDirectory, HospitalDirectoryOptions } from './hospital-directory.js';
import { OpeningsHttpController } from './openings.http.controller.js';
import { OpeningsService } from './openings.service.js';
import { TransfersBusController } from './transfers.bus.controller.js';

@Module({})
export class OpeningsModule {
  static with({ config }: ServiceContext<RecordsConfig>): DynamicModule {
    const directory: HospitalDirectoryOptions = {
      hubUrls: urlsOf(config, 'hub'),
      chainRegistry: config.HUB_CHAIN_REGISTRY,
    };
    return {
      module: OpeningsModule,
      global: true,
      controllers: [OpeningsHttpController, TransfersBusController],
      providers: [
        OpeningsService,
        HomeExchange,
        HospitalDirectory,
        { provide: HospitalDirectoryOptions, useValue: directory },
      ],
      exports: [OpeningsService],
    };
  }
}
