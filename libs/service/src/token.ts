import { anyText, denied, text, unavailable } from '@cpds/errors';
import { ClientDepartments } from '@cpds/messages';
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Principal } from './access.js';

/** Claims of an access token, beside the registered ones. */
const Claims = z.object({
  sub: text(128),
  scope: anyText,
  patient: z.uuid().optional(),
  departments: ClientDepartments.default([]),
});

/** The audience of every access token of a hospital. */
export function hospitalAudience(party: string): string {
  return `urn:cpds:hospital:${party}`;
}

/** Checks access tokens: signature by the hospital's JWKS, issuer, audience, lifetime. */
export class TokenVerifier {
  constructor(
    private readonly keys: JWTVerifyGetKey,
    private readonly issuer: string,
    private readonly audience: string,
  ) {}

  /** The verifier of a service whose hospital's identity is at `identityUrl`. */
  static remote(identityUrl: string, party: string): TokenVerifier {
    const jwks = createRemoteJWKSet(new URL('.well-known/jwks.json', withSlash(identityUrl)), {
      cooldownDuration: 1_000,
    });
    return new TokenVerifier(jwks, identityUrl, hospitalAudience(party));
  }

  /**
   * The principal of a token.
   *
   * @throws AppError `token-refused` (denied, 401); `identity-unreachable` (unavailable) when the keys cannot be read
   */
  async verify(token: string): Promise<Principal> {
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        issuer: this.issuer,
        audience: this.audience,
        algorithms: ['ES384'],
        requiredClaims: ['exp', 'sub', 'scope'],
        // No tolerance of clocks: a disabled client's token is taken for its five minutes and no longer.
      });
      const { sub, scope, patient, departments } = Claims.parse(payload);
      return {
        clientId: sub,
        scopes: new Set(scope.split(' ')),
        departments,
        ...(patient === undefined ? {} : { patientId: patient }),
      };
    } catch (cause) {
      // Every error that jose names is the token's fault, except two that mean a missing key set: a timeout, and its
      // generic error.
      const isRefusal =
        cause instanceof errors.JOSEError &&
        !(cause instanceof errors.JWKSTimeout) &&
        cause.code !== 'ERR_JOSE_GENERIC';
      if (isRefusal || cause instanceof z.ZodError)
        throw denied('token-refused', `the access token is refused: ${reasonOf(cause)}`, { status: 401, cause });
      throw unavailable('identity-unreachable', 'the token keys cannot be read', { cause, retryAfterSec: 1 });
    }
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof errors.JWTExpired) return 'expired';
  if (cause instanceof errors.JWTClaimValidationFailed) return `claim ${cause.claim}`;
  return 'signature or form';
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
