import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Leases } from './lease.js';
import { openStore, type StoreOptions } from './open-store.js';
import { UnitOfWork } from './unit-of-work.js';

/** Gives `DataSource`, `UnitOfWork` and `Leases` to the whole application and closes the pool last. */
@Global()
@Module({})
export class StoreModule implements OnApplicationShutdown {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  static forRoot(options: StoreOptions): DynamicModule {
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
      ],
      exports: [DataSource, UnitOfWork, Leases],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
