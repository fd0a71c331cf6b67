import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Metrics, secret, type ServiceContext } from '@cpds/service';
import { anchorChainsOf, type AuditConfig, hubChain, originOf } from '../config.js';
import { AnchorChains, AnchorChainsOptions } from './anchor-chains.js';
import { AnchorFigures } from './anchor-figures.js';
import { AnchorsHttpController } from './anchors.http.controller.js';
import { Anchors, AnchorsOptions } from './anchors.service.js';

@Module({})
export class AnchorsModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly anchors: Anchors,
    private readonly chains: AnchorChains,
  ) {}

  static with({ config, keys, metrics, onError }: ServiceContext<AuditConfig>): DynamicModule {
    const anchors: AnchorsOptions = {
      hubChain,
      chains: anchorChainsOf(config),
      everyMs: config.ANCHOR_EVERY_MS,
      onError,
    };
    const chains: AnchorChainsOptions = {
      chains: config.CHAINS,
      ownChain: config.OWN_CHAIN,
      hubChain,
      registry: config.HUB_CHAIN_REGISTRY,
      hubAnchor: config.HUB_CHECKPOINT_ANCHOR,
      origin: originOf(config.PARTY),
      gasKey: secret(keys, 'gas'),
      pollMs: config.POLL_MS,
      onError,
    };
    return {
      module: AnchorsModule,
      global: true,
      controllers: [AnchorsHttpController],
      providers: [
        Anchors,
        AnchorChains,
        AnchorFigures,
        { provide: Metrics, useValue: metrics },
        { provide: AnchorsOptions, useValue: anchors },
        { provide: AnchorChainsOptions, useValue: chains },
      ],
      exports: [Anchors],
    };
  }

  onApplicationBootstrap(): void {
    this.anchors.start();
    this.chains.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.anchors.stop();
    await this.chains.stop();
  }
}
