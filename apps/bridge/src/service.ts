import '@cpds/crypto/libsecp256k1'; // verifies faster
import { TokenVerifier, type ServiceOptions } from '@cpds/service';
import type { INestApplicationContext } from '@nestjs/common';
import { unavailable } from '@cpds/errors';
import { AppModule } from './app.module.js';
import { ChainSet } from './chains/chain-set.js';
import { ConsortiumReader } from './chains/consortium-reader.js';
import { GrantWatch } from './chains/grant-watch.js';
import { bridgeConfig, type BridgeConfig } from './config.js';
import { RequestsService } from './requests/requests.service.js';
import { sealedPlaces } from './sealed-places.js';
import { TransferViewService } from './transfers/transfer-view.service.js';

/** bridge as a service, in the role its environment names. A role node takes no token: it has only doors that need none. */
export const bridgeService: ServiceOptions<typeof bridgeConfig> = {
  name: 'bridge',
  config: bridgeConfig,
  module: (context) => AppModule.with(context),
  sealed: sealedPlaces,
  tokens: (_app: INestApplicationContext, config: BridgeConfig) =>
    TokenVerifier.remote(config.IDENTITY_URL ?? 'http://no-tokens.invalid', config.PARTY),
  endWaiting: (app, { ROLE }) => {
    if (ROLE !== 'hospital') return;
    app.get(RequestsService, { strict: false }).endWaiting();
    app.get(TransferViewService, { strict: false }).endWaiting();
  },
  transport: (config: BridgeConfig) => (config.ROLE === 'hospital' ? 'events' : 'none'),
  probes: (app) => [
    {
      name: 'hub',
      probe: async () => void app.get(ConsortiumReader, { strict: false }).current(),
    },
    {
      name: 'hub-history',
      probe: async () => {
        const { hub } = app.get(ChainSet, { strict: false });
        if (hub && app.get(GrantWatch, { strict: false }).haltedChains().has(hub.chainUid))
          throw unavailable('hub-halted', 'a final block of the hub has vanished');
      },
    },
  ],
};
