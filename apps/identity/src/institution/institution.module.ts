import { type DynamicModule, Module } from '@nestjs/common';
import { OwnChainAccess, ownChainAccess, type ServiceContext } from '@cpds/service';
import type { IdentityConfig } from '../config.js';
import { InstitutionService } from './institution.service.js';

@Module({})
export class InstitutionModule {
  static with(context: ServiceContext<IdentityConfig>): DynamicModule {
    return {
      module: InstitutionModule,
      global: true,
      providers: [InstitutionService, { provide: OwnChainAccess, useValue: ownChainAccess(context) }],
      exports: [InstitutionService],
    };
  }
}
