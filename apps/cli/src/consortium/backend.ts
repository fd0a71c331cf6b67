import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BridgeClient, HttpClient, IdentityClient, RecordsClient, TokenSource } from '@cpds/client';
import { LogView, RegisterClient } from '@cpds/messages';
import type { Consortium, Hospital } from '@cpds/local';
import { z } from 'zod';

/** Scopes of a hospital's backend: all but those of wallets. */
const scopes = [
  'identity.admin',
  'records.write',
  'records.read',
  'records.operate',
  'bridge.request',
  'bridge.read',
  'bridge.open',
  'bridge.operate',
  'audit.read',
  'audit.operate',
  'outbox.agree',
];

const PrivateJwk = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-384'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});
type PrivateJwk = z.infer<typeof PrivateJwk>;

/** A hospital's own software as its services see it: a client with a key, and the services that it calls. */
export interface Backend {
  readonly hospital: Hospital;
  readonly identity: IdentityClient;
  readonly records: RecordsClient;
  readonly bridge: BridgeClient;
  /** Routes of records and identity that have no typed client. */
  readonly recordsHttp: HttpClient;
  readonly identityHttp: HttpClient;
  readonly tokens: TokenSource;
}

/** The client that identity is started with, from which everything else in the hospital begins. The key is made on first use (0600). */
export function backendClient(
  secretsDir: string,
  hospital: Hospital,
): { registration: RegisterClient; privateJwk: PrivateJwk } {
  const path = join(secretsDir, `backend.${hospital}.jwk.json`);
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    writeFileSync(`${path}.new`, JSON.stringify(privateKey.export({ format: 'jwk' })), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  const privateJwk = PrivateJwk.parse(JSON.parse(readFileSync(path, 'utf8')));
  const { kty, crv, x, y } = privateJwk;
  return {
    registration: { clientId: `backend.${hospital}`, jwk: { kty, crv, x, y }, scopes, departments: 'whole-hospital' },
    privateJwk,
  };
}

/** The backend of a hospital of this consortium. */
export async function openBackend(consortium: Consortium, hospital: Hospital): Promise<Backend> {
  const { registration, privateJwk } = backendClient(consortium.secrets.dir, hospital);
  const urlOf = (app: string) => consortium.urlOf(`${app}.${hospital}`);
  const [identityUrl, recordsUrl, bridgeUrl] = await Promise.all([
    urlOf('identity'),
    urlOf('records'),
    urlOf('bridge'),
  ]);
  const tokens = new TokenSource({ identityUrl, clientId: registration.clientId, privateJwk, scopes });
  return {
    hospital,
    identity: new IdentityClient({ baseUrl: identityUrl, tokens }),
    records: new RecordsClient({ baseUrl: recordsUrl, tokens }),
    bridge: new BridgeClient({ baseUrl: bridgeUrl, tokens }),
    recordsHttp: new HttpClient({ baseUrl: recordsUrl, tokens }),
    identityHttp: new HttpClient({ baseUrl: identityUrl, tokens }),
    tokens,
  };
}

/** An audit service for an operator of `backend`'s hospital: reads its log, and asks to anchor it now. */
export class AuditClient {
  private readonly http: HttpClient;

  constructor(
    readonly url: string,
    backend: Pick<Backend, 'tokens'>,
  ) {
    this.http = new HttpClient({ baseUrl: url, tokens: backend.tokens });
  }

  log(): Promise<LogView> {
    return this.http.get('log', LogView);
  }

  anchor(): Promise<LogView> {
    return this.http.post('anchor', {}, LogView);
  }
}
