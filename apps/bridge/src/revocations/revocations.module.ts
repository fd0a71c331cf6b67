import type { ServiceContext } from '@cpds/service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { RevocationsHttpController } from './revocations.http.controller.js';
import { RevocationsOptions, RevocationsService } from './revocations.service.js';

/** The rows that a process of each role keeps; a row carries its role as one letter. */
const rolesOf: Record<BridgeConfig['ROLE'], RevocationsOptions['roles']> = {
  hospital: ['A', 'B'],
  voucher: ['V'],
  storeman: ['S'],
};

@Module({})
export class RevocationsModule {
  static with({ config, onError }: ServiceContext<BridgeConfig>): DynamicModule {
    const options: RevocationsOptions = { roles: rolesOf[config.ROLE], onError };
    return {
      module: RevocationsModule,
      global: true,
      controllers: [RevocationsHttpController],
      providers: [RevocationsService, { provide: RevocationsOptions, useValue: options }],
      exports: [RevocationsService],
    };
  }
}
