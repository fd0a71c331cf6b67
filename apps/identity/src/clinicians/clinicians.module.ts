import { Module } from '@nestjs/common';
import { CliniciansHttpController } from './clinicians.http.controller.js';
import { CliniciansService } from './clinicians.service.js';

@Module({ controllers: [CliniciansHttpController], providers: [CliniciansService] })
export class CliniciansModule {}
