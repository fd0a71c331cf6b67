import { type DynamicModule, Module } from '@nestjs/common';
import { Metrics, type ServiceContext } from '@cpds/service';
import type { RecordsConfig } from '../config.js';
import { ScrubFigures } from './scrub-figures.js';
import { ScrubsHttpController } from './scrubs.http.controller.js';
import { Scrubs, ScrubsOptions } from './scrubs.service.js';

@Module({})
export class ScrubsModule {
  static with(context: ServiceContext<RecordsConfig>): DynamicModule {
    const { config, metrics, onError } = context;
    const options: ScrubsOptions = { everyMs: config.SCRUB_EVERY_MS, onError };
    return {
      module: ScrubsModule,
      global: true,
      controllers: [ScrubsHttpController],
      providers: [
        Scrubs,
        ScrubFigures,
        { provide: ScrubsOptions, useValue: options },
        { provide: Metrics, useValue: metrics },
      ],
      exports: [Scrubs],
    };
  }
}
