import { type DynamicModule, Module } from '@nestjs/common';
import { PatientsBusController } from './patients.bus.controller.js';
import { PatientsHttpController } from './patients.http.controller.js';
import { enrolmentCodeTtlSec, PatientsService } from './patients.service.js';

@Module({})
export class PatientsModule {
  static with(codeTtlSec: number): DynamicModule {
    return {
      module: PatientsModule,
      controllers: [PatientsHttpController, PatientsBusController],
      providers: [PatientsService, { provide: enrolmentCodeTtlSec, useValue: codeTtlSec }],
    };
  }
}
