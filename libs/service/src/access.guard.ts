import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { bug, denied } from '@cpds/errors';
import { Reflector } from '@nestjs/core';
import { fhirKey, type GuardedRequest, openKey, type Scope, scopesKey } from './access.js';
import type { TokenVerifier } from './token.js';

/**
 * Lets a request through when its route is open, or its token carries every scope the route names. A route with neither
 * mark is a bug: every request to it is refused. HEAD opens no guarded route: its handler would do and log the whole
 * work of GET, of which no byte is sent.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenVerifier | undefined,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true; // the bus has its own credentials
    const marks = [context.getHandler(), context.getClass()];
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    request.isFhir = this.reflector.getAllAndOverride<boolean | undefined>(fhirKey, marks) ?? false;
    if (this.reflector.getAllAndOverride<boolean | undefined>(openKey, marks)) return true;
    const needed = this.reflector.getAllAndOverride<Scope[] | undefined>(scopesKey, marks);
    if (!needed || !this.tokens) throw bug('route-unguarded', 'this route names no scope');
    if (request.method === 'HEAD')
      throw denied('head-refused', 'this route answers no HEAD: nothing was read', { status: 405 });
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token)
      throw denied('token-missing', 'this route needs an access token', { status: 401 });
    const principal = await this.tokens.verify(token);
    const lacking = needed.find((scope) => !principal.scopes.has(scope));
    if (lacking) throw denied('scope-missing', `this route needs the scope ${lacking}`, { field: 'scope' });
    request.principal = principal;
    return true;
  }
}
