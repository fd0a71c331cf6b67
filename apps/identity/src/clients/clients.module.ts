import { type DynamicModule, Module } from '@nestjs/common';
import type { RegisterClient } from '@cpds/messages';
import { ClientsHttpController } from './clients.http.controller.js';
import { bootstrapClients, ClientsService } from './clients.service.js';

@Module({})
export class ClientsModule {
  static with(fromConfig: RegisterClient[]): DynamicModule {
    return {
      module: ClientsModule,
      global: true,
      controllers: [ClientsHttpController],
      providers: [ClientsService, { provide: bootstrapClients, useValue: fromConfig }],
      exports: [ClientsService],
    };
  }
}
