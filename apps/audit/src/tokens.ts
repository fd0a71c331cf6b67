import { denied, invalid } from '@cpds/errors';
import { hospitalAudience, TokenVerifier, type Principal, type Scope } from '@cpds/service';
import { createLocalJWKSet, decodeJwt } from 'jose';
import type { AuditConfig } from './config.js';

/** What a hospital's token may do at the hub: its auditors read. Everything else there is the hub's operators'. */
const ofHospitals: readonly Scope[] = ['audit.read'];

/** A token that an operator signed itself ends within so many seconds: as soon as those of hospitals. */
const operatorTokenSec = 300;

/** Checks tokens at the hub, where nobody's identity service stands. The token's issuer says whose keys to check it with. */
export class HubTokens extends TokenVerifier {
  constructor(
    /** by issuer: its own url */
    private readonly hospitals: ReadonlyMap<string, TokenVerifier>,
    /** by issuer: the operator's name */
    private readonly operators: ReadonlyMap<string, TokenVerifier>,
  ) {
    super(
      () => {
        throw refused('no hospital and no operator issued this token');
      },
      '',
      '',
    );
  }

  override async verify(token: string): Promise<Principal> {
    const { issuer, endsAtSec } = claimsOf(token);
    const operator = this.operators.get(issuer);
    if (operator !== undefined) {
      const principal = await operator.verify(token);
      if (endsAtSec > Date.now() / 1_000 + operatorTokenSec) throw refused('the access token is refused: claim exp');
      if (principal.clientId !== issuer) throw refused('the access token is refused: claim sub');
      return principal;
    }
    const hospital = this.hospitals.get(issuer);
    if (hospital === undefined) throw refused('the access token is refused: claim iss');
    const principal = await hospital.verify(token);
    return { ...principal, scopes: new Set(ofHospitals.filter((scope) => principal.scopes.has(scope))) };
  }
}

/** @throws AppError `bad-config` when the environment names no issuer */
export function tokensOf(config: AuditConfig): TokenVerifier {
  const { TOKEN_ISSUERS, HUB_OPERATORS, IDENTITY_URL, PARTY } = config;
  if (TOKEN_ISSUERS !== undefined) {
    const hospitals = Object.entries(TOKEN_ISSUERS).map(
      ([party, url]) => [url, TokenVerifier.remote(url, party)] as const,
    );
    const operators = Object.entries(HUB_OPERATORS ?? {}).map(
      ([name, jwk]) =>
        [name, new TokenVerifier(createLocalJWKSet({ keys: [jwk] }), name, hospitalAudience(PARTY))] as const,
    );
    return new HubTokens(new Map(hospitals), new Map(operators));
  }
  if (IDENTITY_URL === undefined)
    throw invalid('bad-config', 'IDENTITY_URL', 'IDENTITY_URL or TOKEN_ISSUERS is needed');
  return TokenVerifier.remote(IDENTITY_URL, PARTY);
}

function refused(message: string) {
  return denied('token-refused', message, { status: 401 });
}

/** The issuer and the end that the token claims, unchecked: the one only chooses the keys, the other is checked with the token. */
function claimsOf(token: string): { issuer: string; endsAtSec: number } {
  try {
    const { iss = '', exp = Infinity } = decodeJwt(token);
    return { issuer: iss, endsAtSec: exp };
  } catch {
    return { issuer: '', endsAtSec: Infinity }; // no JWT: nobody issued it
  }
}
