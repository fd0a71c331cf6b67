import { denied } from '@cpds/errors';
import { importJWK, type JWK, SignJWT } from 'jose';

/** An operator of a service that no hospital's identity stands behind: the hub's audit. It signs its tokens itself. */
export interface OperatorCredentials {
  /** name under which the service holds the operator's public key */
  operator: string;
  /** party whose service takes the tokens: `hub` */
  party: string;
  /** private JWK, `kty` EC with `crv` P-384 */
  privateJwk: JWK;
  scopes: string[];
}

/** Access tokens that an operator signs itself, each good for a minute. */
export class OperatorTokens {
  constructor(private readonly credentials: OperatorCredentials) {}

  /** Returns a fresh token. @throws AppError `bad-client-key` */
  async token(): Promise<string> {
    const { operator, party, privateJwk, scopes } = this.credentials;
    const key = await importJWK(privateJwk, 'ES384');
    if (key instanceof Uint8Array) throw denied('bad-client-key', 'a client key must be an asymmetric private key');
    return new SignJWT({ scope: scopes.join(' ') })
      .setProtectedHeader({ alg: 'ES384', typ: 'JWT' })
      .setIssuer(operator)
      .setSubject(operator)
      .setAudience(`urn:cpds:hospital:${party}`)
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(key);
  }
}
