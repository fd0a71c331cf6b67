import { Global, Module } from '@nestjs/common';
import { CliniciansBusController } from './clinicians.bus.controller.js';
import { CliniciansHttpController } from './clinicians.http.controller.js';
import { CliniciansService } from './clinicians.service.js';

@Global()
@Module({
  controllers: [CliniciansHttpController, CliniciansBusController],
  providers: [CliniciansService],
  exports: [CliniciansService],
})
export class CliniciansModule {}
