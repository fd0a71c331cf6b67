import { type DynamicModule, Module } from '@nestjs/common';
import { busModule, outboxModule, type ServiceContext, storeModule } from '@cpds/service';
import { ClientsModule } from './clients/clients.module.js';
import { CliniciansModule } from './clinicians/clinicians.module.js';
import type { IdentityConfig } from './config.js';
import { CustodyModule } from './custody/custody.module.js';
import { DepartmentsModule } from './departments/departments.module.js';
import { HashesModule } from './hashes/hashes.module.js';
import { InstitutionModule } from './institution/institution.module.js';
import { identityTables } from './migrations.js';
import { PatientsModule } from './patients/patients.module.js';
import { TokensModule } from './tokens/tokens.module.js';

/** identity: who is who. */
@Module({})
export class AppModule {
  static with(context: ServiceContext<IdentityConfig>): DynamicModule {
    return {
      module: AppModule,
      imports: [
        storeModule(context, identityTables),
        busModule(context),
        outboxModule(context),
        HashesModule.with(context),
        ClientsModule.with(context),
        TokensModule.with(context),
        InstitutionModule.with(context),
        PatientsModule.with(context),
        DepartmentsModule.with(context),
        CliniciansModule,
        CustodyModule.with(context),
      ],
    };
  }
}
