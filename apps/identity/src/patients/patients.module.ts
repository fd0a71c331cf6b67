import { type DynamicModule, Module } from '@nestjs/common';
import type { ServiceContext } from '@cpds/service';
import type { IdentityConfig } from '../config.js';
import { PatientsBusController } from './patients.bus.controller.js';
import { PatientsHttpController } from './patients.http.controller.js';
import { PatientsOptions, PatientsService } from './patients.service.js';

@Module({})
export class PatientsModule {
  static with({ config }: ServiceContext<IdentityConfig>): DynamicModule {
    const options: PatientsOptions = { codeTtlSec: config.ENROLMENT_CODE_TTL_S };
    return {
      module: PatientsModule,
      controllers: [PatientsHttpController, PatientsBusController],
      providers: [PatientsService, { provide: PatientsOptions, useValue: options }],
    };
  }
}
