import { outboxPlace, type ServiceOptions, TokenVerifier } from '@cpds/service';
import { AppModule } from './app.module.js';
import { recordsConfig } from './config.js';
import { ObjectStore } from './objects/object-store.js';

/** records as a service: what `main` starts and tests run. */
export const recordsService: ServiceOptions<typeof recordsConfig> = {
  name: 'records',
  config: recordsConfig,
  module: (context) => AppModule.with(context),
  sealed: [outboxPlace],
  tokens: (_app, config) => TokenVerifier.remote(config.IDENTITY_URL, config.PARTY),
  probes: (app) => [
    {
      name: 'objects',
      probe: async () => {
        if (!(await app.get(ObjectStore, { strict: false }).isUp())) throw new Error('away');
      },
    },
  ],
};
