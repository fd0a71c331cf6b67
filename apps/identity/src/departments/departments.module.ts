import { randomBytes } from 'node:crypto';
import { type DynamicModule, Module } from '@nestjs/common';
import type { ServiceContext } from '@cpds/service';
import type { IdentityConfig } from '../config.js';
import { DepartmentVault } from './department-vault.js';
import { DepartmentsBusController } from './departments.bus.controller.js';
import { DepartmentsHttpController } from './departments.http.controller.js';
import { DepartmentsService } from './departments.service.js';

@Module({})
export class DepartmentsModule {
  static with({ ring }: ServiceContext<IdentityConfig>): DynamicModule {
    const vault = new DepartmentVault(ring, (length) => new Uint8Array(randomBytes(length)));
    return {
      module: DepartmentsModule,
      global: true,
      controllers: [DepartmentsHttpController, DepartmentsBusController],
      providers: [DepartmentsService, { provide: DepartmentVault, useValue: vault }],
      exports: [DepartmentVault, DepartmentsService],
    };
  }
}
