import { type DynamicModule, Module } from '@nestjs/common';
import { invalid } from '@cpds/errors';
import type { ServiceContext } from '@cpds/service';
import { Counter } from 'prom-client';
import type { RecordsConfig } from '../config.js';
import { AgeIdentities } from './age-identities.js';
import { CountedObjectStore } from './counted.object-store.js';
import { NamedFiles, NamedFilesOptions } from './named-files.js';
import { ObjectStore } from './object-store.js';
import { openObjectStore } from './open-object-store.js';
import { PendingObjects, PendingObjectsOptions } from './pending-objects.js';
import { Vault } from './vault.js';

@Module({})
export class ObjectsModule {
  static with({ config, keys, metrics, onError }: ServiceContext<RecordsConfig>): DynamicModule {
    if (keys.age === undefined) throw invalid('key-missing', 'age', 'the key file has no age key');
    const identities = new AgeIdentities(keys.age, keys.formerAges);
    const options: PendingObjectsOptions = { onError };
    const damage = new Counter({
      name: 'cpds_object_damage_total',
      help: 'lost or altered objects that were come upon, each time',
      labelNames: ['part', 'by'],
      registers: [metrics.registry],
    });
    const calls = new Counter({
      name: 'cpds_object_store_calls_total',
      help: 'calls of the object store; `failed` is its fault, `refused` is not',
      labelNames: ['operation', 'outcome'],
      registers: [metrics.registry],
    });
    const store = new CountedObjectStore(openObjectStore(config), (operation, outcome) =>
      calls.inc({ operation, outcome }),
    );
    const named: NamedFilesOptions = { onDamage: (part, by) => damage.inc({ part, by }) };
    return {
      module: ObjectsModule,
      global: true,
      providers: [
        Vault,
        PendingObjects,
        NamedFiles,
        { provide: ObjectStore, useValue: store },
        { provide: AgeIdentities, useValue: identities },
        { provide: PendingObjectsOptions, useValue: options },
        { provide: NamedFilesOptions, useValue: named },
      ],
      exports: [Vault, NamedFiles, PendingObjects, ObjectStore, AgeIdentities],
    };
  }
}
