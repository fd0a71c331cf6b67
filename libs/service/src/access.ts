import 'reflect-metadata';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { denied } from '@cpds/errors';
import type { ClientDepartments } from '@cpds/messages';
import type { FastifyRequest } from 'fastify';
import type { OpenLimit } from './open-limits.js';

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
  'outbox.agree',
  'audit.erase',
  'wallet',
] as const;
export type Scope = (typeof scopes)[number];

/** The caller, as the access token names it. `patientId` is set only for a wallet. */
export interface Principal {
  clientId: string;
  scopes: ReadonlySet<string>;
  /** for which departments it may act; none for a wallet */
  departments: ClientDepartments;
  patientId?: string;
  /** id of the clinician whom the call names, unchecked: `Actors` asks identity */
  onBehalfOf?: string;
}

/** How a route's errors are written: RFC 9457 problem document, FHIR OperationOutcome, or RFC 6749 §5.2. */
export type ErrorForm = 'problem' | 'fhir' | 'oauth';

/** What a route's marks say, known before a byte of a body is read. A route that is neither open nor names a scope is refused. */
export interface RouteMarks {
  scopes?: readonly Scope[];
  open?: OpenLimit;
  form?: ErrorForm;
}

const marksKey = 'cpds:marks';

/** The marks of a handler, which the server copies to its route. */
export function marksOf(handler: object): RouteMarks {
  return (Reflect.getMetadata(marksKey, handler) as RouteMarks | undefined) ?? {};
}

/** The route needs a token with all of these scopes. */
export const Scopes = (...needed: Scope[]): MethodDecorator & ClassDecorator => mark('scopes', needed);

/** The route needs no token: its authority is in the body, or it is public. `limit` says how much of it one address gets. */
export const Open = (limit: OpenLimit): MethodDecorator & ClassDecorator => mark('open', limit);

/** Errors of the route are answered as FHIR OperationOutcome. */
export const Fhir = (): MethodDecorator & ClassDecorator => mark('form', 'fhir');

/** Errors of the route are answered as RFC 6749 §5.2 says, which OAuth and SMART clients read. */
export const OAuth = (): MethodDecorator & ClassDecorator => mark('form', 'oauth');

/** Marks a handler, or those of a class whose handlers do not say otherwise themselves. */
function mark<K extends keyof RouteMarks>(name: K, value: RouteMarks[K]): MethodDecorator & ClassDecorator {
  return (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (descriptor) return set(descriptor.value as object, name, value);
    for (const { value: handler } of Object.values(
      Object.getOwnPropertyDescriptors((target as { prototype: object }).prototype),
    ))
      if (typeof handler === 'function' && !says(handler, name)) set(handler, name, value);
  };
}

/** An open handler needs no scope of its class, and one with a scope of its own is not open with its class. */
function says(handler: object, name: keyof RouteMarks): boolean {
  const marks = marksOf(handler);
  return name === 'form' ? marks.form !== undefined : marks.scopes !== undefined || marks.open !== undefined;
}

function set<K extends keyof RouteMarks>(handler: object, name: K, value: RouteMarks[K]): void {
  Reflect.defineMetadata(marksKey, { ...marksOf(handler), [name]: value }, handler);
}

/** The request, with the principal that the guard found in its token. */
export type GuardedRequest = FastifyRequest & { principal?: Principal };

/** The calling principal of a guarded route, as a parameter. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!principal) throw denied('token-missing', 'this route needs an access token', { status: 401 });
  return principal;
});
