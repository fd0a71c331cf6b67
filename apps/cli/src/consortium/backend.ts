import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BridgeClient, HttpClient, IdentityClient, OperatorTokens, RecordsClient, TokenSource } from '@cpds/client';
import { LogView, RegisterClient } from '@cpds/messages';
import type { Consortium, Hospital } from '@cpds/local';
import { z } from 'zod';

/** Who calls a hospital's services, each a client of its own with a key. */
const roles = ['backend', 'admin', 'operator', 'auditor'] as const;
type ClientRole = (typeof roles)[number];

/**
 * The scopes of a hospital's clients: what each has to do, and no more. North is asked for records and south asks, so their
 * backends differ.
 */
const scopesOf: Record<Hospital, Record<ClientRole, readonly string[]>> = {
  north: {
    backend: ['records.write', 'records.read', 'bridge.read'],
    admin: ['identity.admin'],
    operator: ['records.operate', 'bridge.operate', 'outbox.agree'],
    auditor: ['audit.read', 'audit.operate'],
  },
  south: {
    backend: ['records.read', 'bridge.request', 'bridge.read', 'bridge.open'],
    admin: ['identity.admin'],
    operator: ['records.operate', 'bridge.operate', 'outbox.agree'],
    auditor: ['audit.read', 'audit.operate'],
  },
};

/** The operator of the hub's audit: its name there, and what its tokens are for. */
const hubOperator = { name: 'hub', scopes: ['audit.read', 'audit.operate'] };

const PrivateJwk = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-384'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});
type PrivateJwk = z.infer<typeof PrivateJwk>;

/** A hospital's own software as its services see it: the services that it calls, each by the client that may. */
export interface Backend {
  readonly hospital: Hospital;
  /** by its administration */
  readonly identity: IdentityClient;
  readonly records: RecordsClient;
  readonly bridge: BridgeClient;
  /** Routes of records that have no typed client. */
  readonly recordsHttp: HttpClient;
  /** records, by whoever runs it */
  readonly operations: RecordsClient;
  /** of the backend */
  readonly tokens: TokenSource;
  /** of whoever runs the services */
  readonly operator: TokenSource;
  /** of its auditors */
  readonly auditor: TokenSource;
}

/** A client that identity is started with, from which everything else in the hospital begins. */
interface HospitalClient {
  readonly registration: RegisterClient;
  readonly privateJwk: PrivateJwk;
}

/** The clients that a hospital's identity is started with. Their keys are made on first use (0600). */
export function hospitalClients(secretsDir: string, hospital: Hospital): RegisterClient[] {
  return roles.map((role) => clientOf(secretsDir, hospital, role).registration);
}

/** The operators of the hub's audit, by name, with their public keys. */
export function hubOperators(secretsDir: string): Record<string, object> {
  return { [hubOperator.name]: publicPart(privateKey(secretsDir, 'operator.hub')) };
}

function clientOf(secretsDir: string, hospital: Hospital, role: ClientRole): HospitalClient {
  const clientId = `${role}.${hospital}`;
  const privateJwk = privateKey(secretsDir, clientId);
  return {
    registration: {
      clientId,
      jwk: publicPart(privateJwk),
      scopes: [...scopesOf[hospital][role]],
      // Departments are registered while it runs; only what a backend opens and reads is a department's.
      departments: role === 'backend' ? 'whole-hospital' : [],
    },
    privateJwk,
  };
}

function privateKey(secretsDir: string, name: string): PrivateJwk {
  const path = join(secretsDir, `${name}.jwk.json`);
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    writeFileSync(`${path}.new`, JSON.stringify(privateKey.export({ format: 'jwk' })), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return PrivateJwk.parse(JSON.parse(readFileSync(path, 'utf8')));
}

function publicPart({ kty, crv, x, y }: PrivateJwk): RegisterClient['jwk'] {
  return { kty, crv, x, y };
}

/** The backend of a hospital of this consortium. */
export async function openBackend(consortium: Consortium, hospital: Hospital): Promise<Backend> {
  const [identityUrl, recordsUrl, bridgeUrl] = (await Promise.all(
    ['identity', 'records', 'bridge'].map((app) => consortium.urlOf(`${app}.${hospital}`)),
  )) as [string, string, string];
  const tokensOf = (role: ClientRole): TokenSource => {
    const { registration, privateJwk } = clientOf(consortium.secrets.dir, hospital, role);
    const { clientId, scopes } = registration;
    return new TokenSource({ identityUrl, clientId, privateJwk, scopes });
  };
  const tokens = tokensOf('backend');
  const operator = tokensOf('operator');
  return {
    hospital,
    identity: new IdentityClient({ baseUrl: identityUrl, tokens: tokensOf('admin') }),
    records: new RecordsClient({ baseUrl: recordsUrl, tokens }),
    bridge: new BridgeClient({ baseUrl: bridgeUrl, tokens }),
    recordsHttp: new HttpClient({ baseUrl: recordsUrl, tokens }),
    operations: new RecordsClient({ baseUrl: recordsUrl, tokens: operator }),
    tokens,
    operator,
    auditor: tokensOf('auditor'),
  };
}

/** Tokens of the operator of the hub's audit. */
export function hubOperatorTokens(consortium: Consortium): OperatorTokens {
  const { name: operator, scopes } = hubOperator;
  const privateJwk = privateKey(consortium.secrets.dir, 'operator.hub');
  return new OperatorTokens({ operator, party: 'hub', privateJwk, scopes });
}

/** An audit service for whoever runs it: reads its log, and asks to anchor it now. */
export class AuditClient {
  private readonly http: HttpClient;

  constructor(
    readonly url: string,
    tokens: Pick<TokenSource, 'token'>,
  ) {
    this.http = new HttpClient({ baseUrl: url, tokens });
  }

  log(): Promise<LogView> {
    return this.http.get('log', LogView);
  }

  anchor(): Promise<LogView> {
    return this.http.post('anchor', {}, LogView);
  }
}
