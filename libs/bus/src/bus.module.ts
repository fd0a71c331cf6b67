import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Bus, type BusOptions, connectBus } from './bus.js';
import { BusRequests } from './requests.js';

/** Gives `Bus` and `BusRequests` to the whole application and drains the connection last. */
@Global()
@Module({})
export class BusModule implements OnApplicationShutdown {
  constructor(@Inject(Bus) private readonly bus: Bus) {}

  static forRoot(options: BusOptions): DynamicModule {
    return {
      module: BusModule,
      providers: [
        { provide: Bus, useFactory: () => connectBus(options) },
        { provide: BusRequests, useFactory: (bus: Bus) => new BusRequests(bus), inject: [Bus] },
      ],
      exports: [Bus, BusRequests],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.bus.close();
  }
}
