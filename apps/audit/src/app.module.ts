import { type DynamicModule, Module } from '@nestjs/common';
import { busModule, type ServiceContext, storeModule } from '@cpds/service';
import { AnchorsModule } from './anchors/anchors.module.js';
import type { AuditConfig } from './config.js';
import { EventsModule } from './events/events.module.js';
import { LogModule } from './log/log.module.js';
import { auditTables } from './migrations.js';
import { PersonsModule } from './persons/persons.module.js';
import { ProofsModule } from './proofs/proofs.module.js';
import { TrailModule } from './trail/trail.module.js';

/** audit: what happened. It stops in the reverse of this order: takes no event any more, then anchors what it took. */
@Module({})
export class AppModule {
  static with(context: ServiceContext<AuditConfig>): DynamicModule {
    return {
      module: AppModule,
      imports: [
        storeModule(context, auditTables),
        busModule(context),
        LogModule.with(context),
        AnchorsModule.with(context),
        EventsModule.with(context),
        PersonsModule,
        ProofsModule,
        TrailModule,
      ],
    };
  }
}
