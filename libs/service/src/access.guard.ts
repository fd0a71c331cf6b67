import { bug, denied, parse } from '@cpds/errors';
import { z } from 'zod';
import { onBehalfOfHeader } from './actor.js';
import type { GuardedRequest, RouteMarks } from './access.js';
import type { TokenVerifier } from './token.js';

const Headers = z.object({ [onBehalfOfHeader]: z.uuid().optional() });

/**
 * Lets a request through when its route is open, or its token carries every scope the route names; asked before a byte
 * of the body is read. A route with neither mark is a bug: every request to it is refused. HEAD opens no guarded route:
 * its handler would do and log the whole work of GET, of which no byte is sent.
 */
export class AccessGuard {
  constructor(private readonly tokens: TokenVerifier | undefined) {}

  /** Names the caller in `request`. @throws AppError `token-missing`, `token-refused`, `scope-missing`, `route-unguarded`, `head-refused` */
  async admit(request: GuardedRequest, marks: RouteMarks): Promise<void> {
    if (marks.open) return;
    if (!marks.scopes || !this.tokens) throw bug('route-unguarded', 'this route names no scope');
    if (request.method === 'HEAD')
      throw denied('head-refused', 'this route answers no HEAD: nothing was read', { status: 405 });
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token)
      throw denied('token-missing', 'this route needs an access token', { status: 401 });
    const principal = await this.tokens.verify(token);
    const lacking = marks.scopes.find((scope) => !principal.scopes.has(scope));
    if (lacking) throw denied('scope-missing', `this route needs the scope ${lacking}`, { field: 'scope' });
    const onBehalfOf = parse(Headers, request.headers, 'headers')[onBehalfOfHeader];
    request.principal = { ...principal, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
  }
}
