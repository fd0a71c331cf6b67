import { toAppError } from '@cpds/errors';
import { derivationRootPlace, type ServiceOptions } from '@cpds/service';
import { Anchors } from './anchors/anchors.service.js';
import { AppModule } from './app.module.js';
import { auditConfig } from './config.js';
import { detailsKeyPlace } from './log/details-keys.js';
import { AuditLog } from './log/log.service.js';
import { refusedPlace } from './log/event.rows.js';
import { tokensOf } from './tokens.js';
import { TrailHttpController } from './trail/trail.http.controller.js';

/** Exit code of a process whose log must not go on: starting it again helps nothing. */
const refusalExitCode = 65;
/** Codes of such a start. */
const refusals = new Set([
  'log-damaged',
  'log-foreign',
  'log-forked',
  'log-behind',
  'journal-missing',
  'journal-damaged',
  'log-key-unknown',
]);

/** audit as a service: what `main` starts and tests run. It takes events by itself, many at a time. */
export const auditService: ServiceOptions<typeof auditConfig> = {
  name: 'audit',
  config: auditConfig,
  module: (context) => AppModule.with(context),
  sealed: [derivationRootPlace, detailsKeyPlace, refusedPlace],
  tokens: (_app, config) => tokensOf(config),
  probes: (app, { MAX_ANCHOR_AGE_MS }) => [
    { name: 'log', probe: () => app.get(AuditLog, { strict: false }).assertCurrent() },
    // Auditors read, and events are receipted, as before: an operator must look at gas and chains.
    {
      name: 'anchors',
      failing: 'alarm',
      probe: () => app.get(Anchors, { strict: false }).assertNotLate(MAX_ANCHOR_AGE_MS),
    },
  ],
  endWaiting: (app) => app.get(TrailHttpController, { strict: false }).end(),
  failureCode: (error) => (refusals.has(toAppError(error).code) ? refusalExitCode : 1),
  stopCode: (app) => (app.get(AuditLog, { strict: false }).standing.stopped === null ? 0 : refusalExitCode),
  transport: 'requests',
};
