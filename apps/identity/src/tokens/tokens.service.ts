import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { denied } from '@cpds/errors';
import { events, type TokenAnswer, type TokenRequest } from '@cpds/messages';
import { Changes, told } from '@cpds/outbox';
import { hospitalAudience } from '@cpds/service';
import type { Tx } from '@cpds/store';
import { SignJWT } from 'jose';
import type { z } from 'zod';
import type { ClientRow } from '../clients/client.row.js';
import { ClientsService } from '../clients/clients.service.js';
import { type Assertion, checkAssertion, claimedClient, clientRefused } from './assertion.js';
import type { TokenKey } from './token-key.js';

/** Settings that tokens are made with. */
export abstract class TokenIssuer {
  /** `IDENTITY_URL`, the `iss` of every token */
  abstract readonly issuer: string;
  /** address of `POST /token`, the audience of assertions */
  abstract readonly endpoint: string;
  abstract readonly party: string;
  abstract readonly key: TokenKey;
}

/** Life of an access token, seconds: how long other services than identity take those of a disabled client. */
const lifeSec = 300;

/** Access tokens for clients that prove themselves with a signed assertion. */
@Injectable()
export class TokensService {
  constructor(
    private readonly changes: Changes,
    private readonly clients: ClientsService,
    private readonly issuer: TokenIssuer,
  ) {}

  /**
   * A five-minute token with the scopes asked for. The assertion is used up in the same transaction that logs the token.
   *
   * @throws AppError `client-refused` (401), `assertion-replayed` (401), `scope-denied`
   */
  async issue(request: z.infer<typeof TokenRequest>): Promise<TokenAnswer> {
    const now = new Date();
    const client = await this.clients.find(claimedClient(request.client_assertion));
    if (!client) throw clientRefused('is not signed by the registered key');
    const assertion = await checkAssertion(request.client_assertion, client, this.issuer.endpoint, now);
    const scopes = [...new Set(request.scope.split(' ').filter((scope) => scope !== ''))];
    const excess = scopes.find((scope) => !client.scopes.includes(scope));
    if (excess !== undefined || scopes.length === 0)
      throw denied('scope-denied', 'scope: the client is not registered for it', { status: 400, field: 'scope' });
    const jti = randomUUID();
    await this.changes.commit(async (tx) => {
      // Read again under a lock: once a client is disabled no token is given, whatever was under way.
      if ((await this.clients.within(tx, client.clientId)).disabledAt) throw clientRefused('is of a disabled client');
      await this.useUp(tx, assertion);
      return told({
        type: events.tokenIssued,
        correlation: jti,
        details: { clientId: client.clientId, scopes },
        ...(client.patientId === null ? {} : { person: client.patientId }),
      });
    });
    const access_token = await this.sign(client, scopes, jti, now);
    return { access_token, token_type: 'bearer', expires_in: lifeSec, scope: scopes.join(' ') };
  }

  /** The public keys that tokens are checked with (RFC 7517 §5). */
  jwks(): { keys: object[] } {
    return { keys: [this.issuer.key.publicJwk] };
  }

  private async useUp(tx: Tx, { clientId, jti, expiresAt }: Assertion): Promise<void> {
    // Ids are kept past their end by more than the tolerance of clocks (`retention.ts`); after that a replay is refused as expired.
    const first = (await tx.manager.query(
      `INSERT INTO used_assertion (client_id, jti, expires_at) VALUES ($1, $2, to_timestamp($3))
       ON CONFLICT DO NOTHING RETURNING jti`,
      [clientId, jti, expiresAt],
    )) as unknown[];
    if (first.length === 0)
      throw denied('assertion-replayed', 'client_assertion was used before (jti)', {
        status: 401,
        field: 'client_assertion',
      });
  }

  private sign(client: ClientRow, scopes: string[], jti: string, now: Date): Promise<string> {
    const { issuer, party, key } = this.issuer;
    const issuedAt = Math.floor(now.getTime() / 1_000);
    const claims = client.patientId === null ? { departments: client.departments } : { patient: client.patientId };
    return new SignJWT({ scope: scopes.join(' '), ...claims })
      .setProtectedHeader({ alg: 'ES384', typ: 'at+jwt', kid: key.publicJwk.kid ?? '' })
      .setIssuer(issuer)
      .setAudience(hospitalAudience(party))
      .setSubject(client.clientId)
      .setJti(jti)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifeSec)
      .sign(key.privateKey);
  }
}
