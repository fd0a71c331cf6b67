import { type DynamicModule, Module } from '@nestjs/common';
import type { ServiceContext } from '@cpds/service';
import type { RecordsConfig } from '../config.js';
import { ScrubGauges, ScrubGaugesOptions } from './scrub-gauges.js';
import { ScrubsHttpController } from './scrubs.http.controller.js';
import { Scrubs, ScrubsOptions } from './scrubs.service.js';

@Module({})
export class ScrubsModule {
  static with(context: ServiceContext<RecordsConfig>): DynamicModule {
    const { config, metrics, onError } = context;
    const options: ScrubsOptions = { everyMs: config.SCRUB_EVERY_MS, onError };
    const gauges: ScrubGaugesOptions = { registry: metrics.registry, onError };
    return {
      module: ScrubsModule,
      global: true,
      controllers: [ScrubsHttpController],
      providers: [
        Scrubs,
        ScrubGauges,
        { provide: ScrubsOptions, useValue: options },
        { provide: ScrubGaugesOptions, useValue: gauges },
      ],
      exports: [Scrubs],
    };
  }
}
