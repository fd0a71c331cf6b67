import { denied } from '@cpds/errors';
import { type Principal, TokenVerifier } from '@cpds/service';
import type { JWTVerifyGetKey } from 'jose';
import type { ClientsService } from '../clients/clients.service.js';

/** Checks the tokens of identity's own doors: a disabled client's are refused at once, elsewhere when they end. */
export class OwnTokens extends TokenVerifier {
  constructor(
    keys: JWTVerifyGetKey,
    issuer: string,
    audience: string,
    private readonly clients: ClientsService,
  ) {
    super(keys, issuer, audience);
  }

  override async verify(token: string): Promise<Principal> {
    const principal = await super.verify(token);
    const client = await this.clients.find(principal.clientId);
    if (client?.disabledAt)
      throw denied('token-refused', 'the access token is refused: its client is disabled', { status: 401 });
    return principal;
  }
}
