import { type DynamicModule, Module } from '@nestjs/common';
import { ActorsModule, busModule, outboxModule, type ServiceContext, storeModule } from '@cpds/service';
import { ChoresModule } from './chores/chores.module.js';
import type { RecordsConfig } from './config.js';
import { DeedsModule } from './deeds/deeds.module.js';
import { ExchangeModule } from './exchange/exchange.module.js';
import { recordsTables } from './migrations.js';
import { ObjectsModule } from './objects/objects.module.js';
import { OpeningsModule } from './openings/openings.module.js';
import { RecordsModule } from './records/records.module.js';
import { RotationsModule } from './rotations/rotations.module.js';
import { ScrubsModule } from './scrubs/scrubs.module.js';

/** records: what is kept. */
@Module({})
export class AppModule {
  static with(context: ServiceContext<RecordsConfig>): DynamicModule {
    return {
      module: AppModule,
      imports: [
        storeModule(context, recordsTables),
        busModule(context),
        outboxModule(context),
        ActorsModule,
        ObjectsModule.with(context),
        RecordsModule.with(context),
        ExchangeModule,
        OpeningsModule.with(context),
        ScrubsModule.with(context),
        RotationsModule.with(context),
        ChoresModule.with(context),
        DeedsModule.with(context),
      ],
    };
  }
}
