/** The wallet's doors at its home hospital (wire.md "Inside a hospital"), and the one door at any bridge. */

import {
  ConsentAccepted,
  EnrolledPatient,
  RevocationAnswer,
  WalletDeeds,
  WalletParameters,
  WalletRequests,
  type Consent,
  type Statement,
  type WalletDeed,
  type WalletRequest,
} from '@cpds/messages';
import type { Hex } from '@cpds/contracts';
import { fromHex } from '@cpds/crypto';
import { importJWK, SignJWT } from 'jose';
import { z } from 'zod';
import { exchange, type Fetcher } from './http.js';
import type { Wallet } from './wallet.js';

export interface WalletClientOptions {
  identityUrl: string;
  recordsUrl: string;
  bridgeUrl: string;
  clientId: string;
  /** Default: the global `fetch`. */
  fetcher?: Fetcher;
  /** Own clock, milliseconds. */
  now?: () => number;
}

const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().int().positive() });
const TIMEOUT_MS = 15_000;
/** A token is renewed this long before it ends, so that it does not end on the way. */
const TOKEN_MARGIN_MS = 30_000;

export class WalletClient {
  private token: { text: string; endsAtMs: number } | undefined;
  private readonly fetcher: Fetcher;
  private readonly now: () => number;

  constructor(
    private readonly wallet: Wallet,
    private readonly options: WalletClientOptions,
  ) {
    this.fetcher = options.fetcher ?? fetch;
    this.now = options.now ?? Date.now;
  }

  /** Open requests to this patient; waits up to `waitSeconds` for the first. */
  async requests(waitSeconds: number): Promise<WalletRequest[]> {
    const url = at(this.options.bridgeUrl, 'wallet/requests');
    url.searchParams.set('waitSeconds', String(waitSeconds));
    const timeoutMs = TIMEOUT_MS + 1000 * waitSeconds;
    return (await this.get(WalletRequests, url, timeoutMs)).requests;
  }

  /** Times, windows and contracts that a consent is built with. */
  async parameters(): Promise<WalletParameters> {
    return this.get(WalletParameters, at(this.options.bridgeUrl, 'wallet/parameters'), TIMEOUT_MS);
  }

  /** The patient's current deeds. */
  async deeds(): Promise<WalletDeed[]> {
    return (await this.get(WalletDeeds, at(this.options.recordsUrl, 'wallet/deeds'), TIMEOUT_MS)).deeds;
  }

  /** Sends a consent; repeating it is harmless. Returns the grant's id as the hospital computed it. */
  async consent(requestId: string, body: Consent): Promise<Hex> {
    const url = at(this.options.bridgeUrl, `requests/${encodeURIComponent(requestId)}/consent`);
    return (await this.post(ConsentAccepted, url, body)).grantId;
  }

  /** Says no; the other hospital learns it only at requestExpires, the same as no answer. */
  async deny(requestId: string): Promise<void> {
    const url = at(this.options.bridgeUrl, `requests/${encodeURIComponent(requestId)}/denial`);
    await this.post(z.unknown(), url, {});
  }

  private async get<T>(schema: z.ZodType<T>, url: URL, timeoutMs: number): Promise<T> {
    return exchange(this.fetcher, schema, { method: 'GET', url, token: await this.accessToken(), timeoutMs });
  }

  private async post<T>(schema: z.ZodType<T>, url: URL, body: unknown): Promise<T> {
    const token = await this.accessToken();
    return exchange(this.fetcher, schema, { method: 'POST', url, token, body, timeoutMs: TIMEOUT_MS });
  }

  /** SMART Backend Services: private_key_jwt by the wallet's auth key (RFC 7523), EdDSA. */
  private async accessToken(): Promise<string> {
    if (this.token && this.token.endsAtMs > this.now()) return this.token.text;
    const url = at(this.options.identityUrl, 'token');
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'wallet',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await this.assertion(url.href),
    });
    const answer = await exchange(this.fetcher, TokenAnswer, { method: 'POST', url, body, timeoutMs: TIMEOUT_MS });
    this.token = {
      text: answer.access_token,
      endsAtMs: this.now() + 1000 * answer.expires_in - TOKEN_MARGIN_MS,
    };
    return this.token.text;
  }

  private async assertion(audience: string): Promise<string> {
    const { authKey, authSeed } = this.wallet;
    const key = await importJWK(
      { kty: 'OKP', crv: 'Ed25519', x: base64url(fromHex(authKey, 'authKey', 32)), d: base64url(authSeed) },
      'EdDSA',
    );
    const issuedAt = Math.floor(this.now() / 1000);
    return new SignJWT({})
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' })
      .setIssuer(this.options.clientId)
      .setSubject(this.options.clientId)
      .setAudience(audience)
      .setJti(crypto.randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + 60)
      .sign(key);
  }
}

/**
 * Enrols the wallet with the one-time code its hospital gave to the patient.
 *
 * @throws AppError as identity names it: a code that is used, unknown or expired
 */
export async function enrol(
  wallet: Wallet,
  identityUrl: string,
  code: string,
  homeUid: Hex,
  fetcher: Fetcher = fetch,
): Promise<z.infer<typeof EnrolledPatient>> {
  const body = { code, ...wallet.enrolment(homeUid) };
  const url = at(identityUrl, 'enrolments');
  return exchange(fetcher, EnrolledPatient, { method: 'POST', url, body, timeoutMs: TIMEOUT_MS });
}

/** Hands a revocation to one bridge; no token, any bridge in any role. */
export async function sendRevocation(
  bridgeUrl: string,
  statement: Statement,
  fetcher: Fetcher = fetch,
): Promise<RevocationAnswer> {
  const url = at(bridgeUrl, 'revocations');
  return exchange(fetcher, RevocationAnswer, { method: 'POST', url, body: statement, timeoutMs: TIMEOUT_MS });
}

/** `path` below `base`, whether or not `base` ends in a slash. */
function at(base: string, path: string): URL {
  return new URL(path, base.endsWith('/') ? base : `${base}/`);
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
