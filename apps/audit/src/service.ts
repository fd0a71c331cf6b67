import { derivationRootPlace, type ServiceOptions } from '@cpds/service';
import { AppModule } from './app.module.js';
import { auditConfig } from './config.js';
import { detailsKeyPlace } from './log/details-keys.js';
import { refusedPlace } from './log/event.rows.js';
import { tokensOf } from './tokens.js';

/** audit as a service: what `main` starts and tests run. It takes events by itself, many at a time. */
export const auditService: ServiceOptions<typeof auditConfig> = {
  name: 'audit',
  config: auditConfig,
  module: (context) => AppModule.with(context),
  sealed: [derivationRootPlace, detailsKeyPlace, refusedPlace],
  tokens: (_app, config) => tokensOf(config),
  transport: 'requests',
};
