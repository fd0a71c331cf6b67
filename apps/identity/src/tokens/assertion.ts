import { anyText, type AppError, denied, text } from '@cpds/errors';
import { decodeJwt, errors, importJWK, jwtVerify } from 'jose';
import { z } from 'zod';
import type { ClientRow } from '../clients/client.row.js';

/** A checked assertion: its client, and the id that makes it usable once. */
export interface Assertion {
  clientId: string;
  jti: string;
  /** seconds since 1970 */
  expiresAt: number;
}

/** An assertion may be good for this long at most, seconds (SMART Backend Services: five minutes). */
const longestLifeSec = 300;

const Claims = z.object({ jti: text(128), exp: z.number().int(), iss: anyText, sub: anyText });

/** The client that an assertion claims to be from, unchecked. @throws AppError `client-refused` */
export function claimedClient(assertion: string): string {
  try {
    return text(128).parse(decodeJwt(assertion).iss);
  } catch (cause) {
    throw clientRefused('is not a signed assertion', cause);
  }
}

/**
 * Checks a client's assertion (RFC 7523 §3) against its registered key: ES384 for backends, EdDSA for wallets; issuer and
 * subject are the client, audience is this token endpoint, life is at most five minutes.
 *
 * @throws AppError `client-refused` (denied, 401) names the claim or the signature
 */
export async function checkAssertion(
  assertion: string,
  client: ClientRow,
  audience: string,
  now: Date,
): Promise<Assertion> {
  const algorithm = client.kind === 'wallet' ? 'EdDSA' : 'ES384';
  try {
    const { payload } = await jwtVerify(assertion, await importJWK(client.jwk, algorithm), {
      algorithms: [algorithm],
      audience,
      issuer: client.clientId,
      subject: client.clientId,
      requiredClaims: ['jti', 'exp'],
      clockTolerance: 5,
      currentDate: now,
    });
    const { jti, exp } = Claims.parse(payload);
    if (exp > now.getTime() / 1_000 + longestLifeSec + 5) throw clientRefused('lives longer than five minutes (exp)');
    return { clientId: client.clientId, jti, expiresAt: exp };
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) throw clientRefused('is expired (exp)', cause);
    if (cause instanceof errors.JWTClaimValidationFailed) throw clientRefused(`is refused (${cause.claim})`, cause);
    if (cause instanceof errors.JOSEError) throw clientRefused('is not signed by the registered key', cause);
    if (cause instanceof z.ZodError) throw clientRefused(`is refused (${cause.issues[0]?.path.join('.')})`, cause);
    throw cause;
  }
}

/** One code for all refusals, so that a stranger learns no client's existence. */
export function clientRefused(reason: string, cause?: unknown): AppError {
  return denied('client-refused', `client_assertion ${reason}`, { status: 401, field: 'client_assertion', cause });
}
