import { secret, type ServiceContext } from '@cpds/service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { MessageKey } from './datagram.js';
import { DatagramsOptions, DatagramsService } from './datagrams.service.js';

@Module({})
export class DatagramsModule {
  static with({ keys, onError }: ServiceContext<BridgeConfig>): DynamicModule {
    const options: DatagramsOptions = { onError };
    return {
      module: DatagramsModule,
      global: true,
      providers: [
        DatagramsService,
        { provide: DatagramsOptions, useValue: options },
        { provide: MessageKey, useValue: new MessageKey(secret(keys, 'message')) },
      ],
      exports: [DatagramsService, MessageKey],
    };
  }
}
