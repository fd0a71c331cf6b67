import { KeyRing } from '@cpds/crypto/custody';
import { Metrics, type ServiceContext } from '@cpds/service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { CeremoniesRunner } from './ceremonies.runner.js';
import { CeremoniesOptions } from './ceremonies.service.js';
import { CeremonyFigures } from './ceremony-figures.js';
import { KeyShares } from './key-shares.js';

@Module({})
export class CeremoniesModule {
  static with({ config, ring, metrics, onError }: ServiceContext<BridgeConfig>): DynamicModule {
    const options: CeremoniesOptions = {
      registry: config.HUB_STOREMAN_REGISTRY,
      roster: config.ROSTER ?? { accounts: [], threshold: 0, nMin: 0 },
      ring,
      onError: (error) => onError(error, { part: 'ceremonies' }),
    };
    return {
      module: CeremoniesModule,
      global: true,
      providers: [
        CeremoniesRunner,
        { provide: CeremoniesOptions, useValue: options },
        CeremonyFigures,
        { provide: Metrics, useValue: metrics },
        KeyShares,
        { provide: KeyRing, useValue: ring },
      ],
      exports: [KeyShares],
    };
  }
}
