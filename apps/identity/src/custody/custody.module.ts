import { type DynamicModule, Module } from '@nestjs/common';
import { CustodyBusController } from './custody.bus.controller.js';
import { CustodyService, recordsAgeRecipient } from './custody.service.js';

@Module({})
export class CustodyModule {
  static with(ageRecipient: string): DynamicModule {
    return {
      module: CustodyModule,
      controllers: [CustodyBusController],
      providers: [CustodyService, { provide: recordsAgeRecipient, useValue: ageRecipient }],
    };
  }
}
