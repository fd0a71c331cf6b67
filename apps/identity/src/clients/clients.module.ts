import { type DynamicModule, Module } from '@nestjs/common';
import type { ServiceContext } from '@cpds/service';
import type { IdentityConfig } from '../config.js';
import { ClientsHttpController } from './clients.http.controller.js';
import { ClientsOptions, ClientsService } from './clients.service.js';

@Module({})
export class ClientsModule {
  static with({ config, log }: ServiceContext<IdentityConfig>): DynamicModule {
    const options: ClientsOptions = {
      fromConfig: config.BOOTSTRAP_CLIENTS,
      onRefused: (clientId) => log.warn({ clientId }, 'BOOTSTRAP_CLIENTS names a key that was replaced: not stored'),
    };
    return {
      module: ClientsModule,
      global: true,
      controllers: [ClientsHttpController],
      providers: [ClientsService, { provide: ClientsOptions, useValue: options }],
      exports: [ClientsService],
    };
  }
}
