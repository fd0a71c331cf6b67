import { denied, invalid } from '@cpds/errors';
import { TokenVerifier, type Principal } from '@cpds/service';
import { decodeJwt } from 'jose';
import type { AuditConfig } from './config.js';

/** Checks tokens of several hospitals, since the auditors of all read the hub's log. The token's issuer says whose keys to check it with. */
export class HospitalsTokens extends TokenVerifier {
  constructor(private readonly byIssuer: ReadonlyMap<string, TokenVerifier>) {
    super(
      () => {
        throw denied('token-refused', 'no hospital issued this token', { status: 401 });
      },
      '',
      '',
    );
  }

  override async verify(token: string): Promise<Principal> {
    const hospital = this.byIssuer.get(issuerOf(token));
    if (hospital === undefined)
      throw denied('token-refused', 'the access token is refused: claim iss', { status: 401 });
    return hospital.verify(token);
  }
}

/** @throws AppError `bad-config` when the environment names no issuer */
export function tokensOf(config: AuditConfig): TokenVerifier {
  const { TOKEN_ISSUERS, IDENTITY_URL, PARTY } = config;
  if (TOKEN_ISSUERS !== undefined) {
    const hospitals = Object.entries(TOKEN_ISSUERS);
    return new HospitalsTokens(new Map(hospitals.map(([party, url]) => [url, TokenVerifier.remote(url, party)])));
  }
  if (IDENTITY_URL === undefined)
    throw invalid('bad-config', 'IDENTITY_URL', 'IDENTITY_URL or TOKEN_ISSUERS is needed');
  return TokenVerifier.remote(IDENTITY_URL, PARTY);
}

/** The issuer that the token claims, unchecked: it only chooses the keys to check with. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    return ''; // no JWT: no hospital issued it
  }
}
