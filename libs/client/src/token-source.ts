import { denied } from '@cpds/errors';
import { importJWK, type JWK, SignJWT } from 'jose';
import { z } from 'zod';
import { answerOf, exchange, type Fetcher } from './exchange.js';

/** A client of a hospital's identity: ES384 (P-384) for backends, EdDSA (Ed25519) for wallets. */
export interface ClientCredentials {
  /** base address of identity, the issuer of the tokens */
  identityUrl: string;
  clientId: string;
  /** private JWK, `kty` EC with `crv` P-384 or `kty` OKP with `crv` Ed25519 */
  privateJwk: JWK;
  scopes: string[];
  fetcher?: Fetcher;
}

const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().int().positive() });
/** Milliseconds before its end at which a token is renewed, so that it does not end on the way. */
const marginMs = 30_000;

/** Access tokens by private_key_jwt (RFC 7523; SMART Backend Services), kept until shortly before they end. */
export class TokenSource {
  private current: { text: Promise<string>; endsAtMs: number } | undefined;

  constructor(private readonly credentials: ClientCredentials) {}

  /** Returns a token that is good for another half minute. @throws AppError of identity: `client-refused`, `scope-denied` */
  async token(): Promise<string> {
    if (this.current && this.current.endsAtMs > Date.now()) return this.current.text;
    const text = this.request();
    // Keeps the promise while the token is fetched, so that callers at the same time share one request.
    this.current = { text, endsAtMs: Date.now() + 60_000 };
    text.catch(() => (this.current = undefined));
    return text;
  }

  private async request(): Promise<string> {
    const { identityUrl, scopes, fetcher } = this.credentials;
    const url = below(identityUrl, 'token');
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: scopes.join(' '),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await this.assertion(url.href),
    });
    const response = await exchange({ method: 'POST', url, body, fetcher });
    const answer = await answerOf(response, TokenAnswer, 'token answer');
    this.current = {
      text: Promise.resolve(answer.access_token),
      endsAtMs: Date.now() + 1_000 * answer.expires_in - marginMs,
    };
    return answer.access_token;
  }

  private async assertion(audience: string): Promise<string> {
    const { clientId, privateJwk } = this.credentials;
    const algorithm = privateJwk.kty === 'OKP' ? 'EdDSA' : 'ES384';
    const key = await importJWK(privateJwk, algorithm);
    if (key instanceof Uint8Array) throw denied('bad-client-key', 'a client key must be an asymmetric private key');
    return new SignJWT({})
      .setProtectedHeader({
        alg: algorithm,
        typ: 'JWT',
        ...(privateJwk.kid === undefined ? {} : { kid: privateJwk.kid }),
      })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(audience)
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(key);
  }
}

/** `path` below `base`, whether or not `base` ends in a slash. */
export function below(base: string, path: string): URL {
  return new URL(path, base.endsWith('/') ? base : `${base}/`);
}
