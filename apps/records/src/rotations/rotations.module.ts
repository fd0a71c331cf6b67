import { type DynamicModule, Module } from '@nestjs/common';
import { Changes } from '@cpds/outbox';
import type { ServiceContext } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import type { RecordsConfig } from '../config.js';
import { AgeIdentities } from '../objects/age-identities.js';
import { ObjectStore } from '../objects/object-store.js';
import { PendingObjects } from '../objects/pending-objects.js';
import { Vault } from '../objects/vault.js';
import { KeyRotationsHttpController } from './key-rotations.http.controller.js';
import { KeyRotations, type KeyRotationsOptions } from './key-rotations.service.js';

@Module({})
export class RotationsModule {
  static with({ log, metrics, onError }: ServiceContext<RecordsConfig>): DynamicModule {
    const options: KeyRotationsOptions = {
      onError,
      onEnd: (former) => log.info({ former }, 'nothing is sealed for a former age identity: they may be removed'),
    };
    return {
      module: RotationsModule,
      global: true,
      controllers: [KeyRotationsHttpController],
      providers: [
        {
          provide: KeyRotations,
          inject: [UnitOfWork, Changes, AgeIdentities, ObjectStore, Vault, PendingObjects],
          // No door opens before it is known that everything kept can be opened.
          useFactory: async (...given: [UnitOfWork, Changes, AgeIdentities, ObjectStore, Vault, PendingObjects]) => {
            const rotations = new KeyRotations(...given, options);
            await rotations.assertHeld();
            metrics.gauge('cpds_age_rows_left', 'rows that are sealed for a former age identity', [], async () => [
              { value: await rotations.left() },
            ]);
            return rotations;
          },
        },
      ],
      exports: [KeyRotations],
    };
  }
}
