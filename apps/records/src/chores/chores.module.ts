import { type DynamicModule, Module } from '@nestjs/common';
import type { ServiceContext } from '@cpds/service';
import type { RecordsConfig } from '../config.js';
import { Chores, ChoresOptions } from './chores.js';

@Module({})
export class ChoresModule {
  static with({ config, onError }: ServiceContext<RecordsConfig>): DynamicModule {
    const options: ChoresOptions = { pollMs: config.POLL_MS, orphanAfterMs: config.ORPHAN_AFTER_MS, onError };
    return { module: ChoresModule, providers: [Chores, { provide: ChoresOptions, useValue: options }] };
  }
}
