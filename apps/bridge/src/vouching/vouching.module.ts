import type { ServiceContext } from '@cpds/service';
import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { onceInAWhile } from '../chains/error-lines.js';
import type { BridgeConfig } from '../config.js';
import { HeadsOptions, HeadsService } from './heads.service.js';
import { VouchingService } from './vouching.service.js';

@Module({})
export class VouchingModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(HeadsService) private readonly heads: HeadsService) {}

  static with({ onError }: ServiceContext<BridgeConfig>): DynamicModule {
    const options: HeadsOptions = { onError: onceInAWhile(onError) };
    return {
      module: VouchingModule,
      global: true,
      providers: [VouchingService, HeadsService, { provide: HeadsOptions, useValue: options }],
      exports: [VouchingService],
    };
  }

  onApplicationBootstrap(): void {
    this.heads.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.heads.stop();
  }
}
