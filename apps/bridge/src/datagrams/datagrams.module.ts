import { Metrics, secret, type ServiceContext } from '@cpds/service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { MessageKey } from './datagram.js';
import { DatagramFigures } from './datagram-figures.js';
import { DatagramsOptions, DatagramsService } from './datagrams.service.js';

@Module({})
export class DatagramsModule {
  static with({ keys, metrics, onError }: ServiceContext<BridgeConfig>): DynamicModule {
    const options: DatagramsOptions = { onError };
    return {
      module: DatagramsModule,
      global: true,
      providers: [
        DatagramsService,
        DatagramFigures,
        { provide: Metrics, useValue: metrics },
        { provide: DatagramsOptions, useValue: options },
        { provide: MessageKey, useValue: new MessageKey(secret(keys, 'message')) },
      ],
      exports: [DatagramsService, MessageKey],
    };
  }
}
