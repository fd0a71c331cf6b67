import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Leases } from './lease.js';
import { storeRetention } from './migrations.js';
import { openStore, type StoreOptions } from './open-store.js';
import { Pruning } from './pruning.js';
import type { Retention } from './retention.js';
import { UnitOfWork } from './unit-of-work.js';

/** A service's database, how long its rows are kept, and whoever is told that deleting them failed. */
export interface StoreModuleOptions extends StoreOptions {
  /** of the service's own tables; default none */
  retention?: readonly Retention[];
  onError: (error: unknown) => void;
}

/** Gives `DataSource`, `UnitOfWork` and `Leases` to the whole application, deletes what is old, and closes the pool last. */
@Global()
@Module({})
export class StoreModule implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Pruning) private readonly pruning: Pruning,
  ) {}

  static forRoot({ retention = [], onError, ...options }: StoreModuleOptions): DynamicModule {
    return {
      module: StoreModule,
      providers: [
        { provide: DataSource, useFactory: () => openStore(options) },
        {
          provide: UnitOfWork,
          useFactory: (dataSource: DataSource) => new UnitOfWork(dataSource),
          inject: [DataSource],
        },
        { provide: Leases, useFactory: (dataSource: DataSource) => new Leases(dataSource), inject: [DataSource] },
        {
          provide: Pruning,
          useFactory: (unitOfWork: UnitOfWork, leases: Leases) =>
            new Pruning(unitOfWork, leases, [...storeRetention, ...retention], onError),
          inject: [UnitOfWork, Leases],
        },
      ],
      exports: [DataSource, UnitOfWork, Leases],
    };
  }

  onApplicationBootstrap(): void {
    this.pruning.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.pruning.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
