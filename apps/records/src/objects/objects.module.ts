import { type DynamicModule, Module } from '@nestjs/common';
import { invalid } from '@cpds/errors';
import type { ServiceContext } from '@cpds/service';
import type { RecordsConfig } from '../config.js';
import { ObjectStore } from './object-store.js';
import { openObjectStore } from './open-object-store.js';
import { PendingObjects, PendingObjectsOptions } from './pending-objects.js';
import { AgeIdentity, Vault } from './vault.js';

@Module({})
export class ObjectsModule {
  static with({ config, keys, onError }: ServiceContext<RecordsConfig>): DynamicModule {
    if (keys.age === undefined) throw invalid('key-missing', 'age', 'the key file has no age key');
    const identity: AgeIdentity = { secret: keys.age };
    const options: PendingObjectsOptions = { onError };
    return {
      module: ObjectsModule,
      global: true,
      providers: [
        Vault,
        PendingObjects,
        { provide: ObjectStore, useValue: openObjectStore(config) },
        { provide: AgeIdentity, useValue: identity },
        { provide: PendingObjectsOptions, useValue: options },
      ],
      exports: [Vault, PendingObjects, ObjectStore, AgeIdentity],
    };
  }
}
