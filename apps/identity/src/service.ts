import { createLocalJWKSet } from 'jose';
import { derivationRootPlace, hospitalAudience, outboxPlace, type ServiceOptions } from '@cpds/service';
import { AppModule } from './app.module.js';
import { ClientsService } from './clients/clients.service.js';
import { identityConfig } from './config.js';
import { departmentPlace } from './departments/department-vault.js';
import { InstitutionService } from './institution/institution.service.js';
import { OwnTokens } from './tokens/own-tokens.js';
import { TokenIssuer } from './tokens/tokens.service.js';

/** identity as a service: what `main` starts and tests run. It checks its own tokens without asking itself over HTTP. */
export const identityService: ServiceOptions<typeof identityConfig> = {
  name: 'identity',
  config: identityConfig,
  module: (context) => AppModule.with(context),
  sealed: [derivationRootPlace, departmentPlace, outboxPlace],
  tokens: (app, config) => {
    const { key, issuer } = app.get(TokenIssuer, { strict: false });
    const clients = app.get(ClientsService, { strict: false });
    return new OwnTokens(createLocalJWKSet({ keys: [key.publicJwk] }), issuer, hospitalAudience(config.PARTY), clients);
  },
  probes: (app) => [app.get(InstitutionService, { strict: false }).probe],
};
