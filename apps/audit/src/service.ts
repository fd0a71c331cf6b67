import { derivationRootPlace, type ServiceOptions } from '@cpds/service';
import { AuditModule } from './audit.module.js';
import { auditConfig } from './config.js';
import { detailsKeyPlace } from './log/details-keys.js';
import { refusedPlace } from './log/event.rows.js';
import { tokensOf } from './tokens.js';

/** How the audit service is started, as a process and in tests. */
export const auditService: ServiceOptions<typeof auditConfig> = {
  name: 'audit',
  config: auditConfig,
  module: (context) => AuditModule.forRoot(context),
  sealed: [derivationRootPlace, detailsKeyPlace, refusedPlace],
  tokens: (_app, config) => tokensOf(config),
  transport: 'none',
};
