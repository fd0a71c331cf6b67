import { secret, type ServiceContext } from '@cpds/service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { RequestsHttpController } from './requests.http.controller.js';
import { NodeKeys, RequestsOptions, RequestsService } from './requests.service.js';

@Module({})
export class RequestsModule {
  static with({ config, keys, ring }: ServiceContext<BridgeConfig>): DynamicModule {
    const options: RequestsOptions = { requestTtlSeconds: config.REQUEST_TTL_SECONDS };
    const nodeKeys: NodeKeys = { ring, hpke: secret(keys, 'hpke') };
    return {
      module: RequestsModule,
      global: true,
      controllers: [RequestsHttpController],
      providers: [
        RequestsService,
        { provide: RequestsOptions, useValue: options },
        { provide: NodeKeys, useValue: nodeKeys },
      ],
      exports: [RequestsService, NodeKeys],
    };
  }
}
