import { toAppError, unavailable } from '@cpds/errors';
import { outboxPlace, type ServiceOptions, TokenVerifier } from '@cpds/service';
import { AppModule } from './app.module.js';
import { recordsConfig } from './config.js';
import { ObjectStore } from './objects/object-store.js';

/** Exit code of a start without an age identity that is needed: starting it again helps nothing. */
const refusalExitCode = 65;

/** records as a service: what `main` starts and tests run. */
export const recordsService: ServiceOptions<typeof recordsConfig> = {
  name: 'records',
  config: recordsConfig,
  module: (context) => AppModule.with(context),
  sealed: [outboxPlace],
  failureCode: (error) => (toAppError(error).code === 'age-identity-missing' ? refusalExitCode : 1),
  tokens: (_app, config) => TokenVerifier.remote(config.IDENTITY_URL, config.PARTY),
  probes: (app) => [
    {
      name: 'objects',
      probe: async () => {
        if (!(await app.get(ObjectStore, { strict: false }).isUp()))
          throw unavailable('object-store-away', 'the object store does not answer');
      },
    },
  ],
};
