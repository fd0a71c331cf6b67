import { type DynamicModule, Module } from '@nestjs/common';
import { Changes, untold } from '@cpds/outbox';
import { derivationRoot, type ServiceContext } from '@cpds/service';
import type { IdentityConfig } from '../config.js';
import { KeyedHash } from './keyed-hash.js';

@Module({})
export class HashesModule {
  static with({ ring }: ServiceContext<IdentityConfig>): DynamicModule {
    return {
      module: HashesModule,
      global: true,
      providers: [
        {
          provide: KeyedHash,
          inject: [Changes],
          useFactory: async (changes: Changes) =>
            new KeyedHash(
              await changes.commit(async (tx) => untold('a secret of this database', await derivationRoot(tx, ring))),
            ),
        },
      ],
      exports: [KeyedHash],
    };
  }
}
