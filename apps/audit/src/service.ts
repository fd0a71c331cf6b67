import type { ServiceOptions } from '@cpds/service';
import { AuditModule } from './audit.module.js';
import { auditConfig } from './config.js';
import { tokensOf } from './tokens.js';

/** How the audit service is started, as a process and in tests. */
export const auditService: ServiceOptions<typeof auditConfig> = {
  name: 'audit',
  config: auditConfig,
  module: (context) => AuditModule.forRoot(context),
  tokens: (_app, config) => tokensOf(config),
  hasTransport: false,
};
