import { type DynamicModule, Module } from '@nestjs/common';
import { type InstitutionOptions, institutionOptions, InstitutionService } from './institution.service.js';

@Module({})
export class InstitutionModule {
  /** `tokens` gives the token key whose public half is registered. */
  static with(options: InstitutionOptions, tokens: DynamicModule): DynamicModule {
    return {
      module: InstitutionModule,
      global: true,
      imports: [tokens],
      providers: [InstitutionService, { provide: institutionOptions, useValue: options }],
      exports: [InstitutionService],
    };
  }
}
