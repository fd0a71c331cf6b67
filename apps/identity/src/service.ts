import { createLocalJWKSet } from 'jose';
import { derivationRootPlace, hospitalAudience, type ServiceOptions, TokenVerifier } from '@cpds/service';
import { AppModule } from './app.module.js';
import { identityConfig } from './config.js';
import { departmentPlace } from './departments/department-vault.js';
import { InstitutionService } from './institution/institution.service.js';
import { TokenIssuer } from './tokens/tokens.service.js';

/** identity as a service: what `main` starts and tests run. It checks its own tokens without asking itself over HTTP. */
export const identityService: ServiceOptions<typeof identityConfig> = {
  name: 'identity',
  config: identityConfig,
  module: (context) => AppModule.with(context),
  sealed: [derivationRootPlace, departmentPlace],
  tokens: (app, config) => {
    const { key, issuer } = app.get(TokenIssuer, { strict: false });
    return new TokenVerifier(createLocalJWKSet({ keys: [key.publicJwk] }), issuer, hospitalAudience(config.PARTY));
  },
  probes: (app) => [app.get(InstitutionService, { strict: false }).probe],
};
