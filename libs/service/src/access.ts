import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { denied } from '@cpds/errors';
import type { Actor } from '@cpds/messages';
import type { FastifyRequest } from 'fastify';

export const scopesKey = 'cpds:scopes';
export const openKey = 'cpds:open';
export const fhirKey = 'cpds:fhir';

/** Every scope, and whoever gets it. */
export const scopes = [
  'identity.admin',
  'records.write',
  'records.read',
  'records.operate',
  'bridge.request',
  'bridge.read',
  'bridge.open',
  'bridge.operate',
  'audit.read',
  'audit.operate',
  'audit.erase',
  'wallet',
] as const;
export type Scope = (typeof scopes)[number];

/** The caller, as the access token names it. `patientId` is set only for a wallet. */
export interface Principal {
  clientId: string;
  scopes: ReadonlySet<string>;
  patientId?: string;
}

/** Whoever acts with this token, as events name them. */
export function actorOf({ clientId }: Principal): Actor {
  return { by: clientId };
}

/** The route needs a token with all of these scopes. */
export const Scopes = (...needed: Scope[]): MethodDecorator & ClassDecorator => SetMetadata(scopesKey, needed);

/** The route needs no token: its authority is in the body, or it is public. A route with neither mark is refused. */
export const Open = (): MethodDecorator & ClassDecorator => SetMetadata(openKey, true);

/** Errors of the route are answered as FHIR OperationOutcome. */
export const Fhir = (): MethodDecorator & ClassDecorator => SetMetadata(fhirKey, true);

/** The request, with the principal that the guard found in its token. */
export type GuardedRequest = FastifyRequest & { principal?: Principal; isFhir?: boolean };

/** The calling principal of a guarded route, as a parameter. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!principal) throw denied('token-missing', 'this route needs an access token', { status: 401 });
  return principal;
});
