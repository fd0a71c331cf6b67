/** The wallet's doors at its home hospital (wire.md "Inside a hospital"), and the one door at any bridge. */

import { HttpClient, TokenSource, type Fetcher } from '@cpds/client';
import type { Hex } from '@cpds/contracts';
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
import type { z } from 'zod';
import type { Wallet } from './wallet.js';

export interface WalletClientOptions {
  identityUrl: string;
  recordsUrl: string;
  bridgeUrl: string;
  /** Client id that identity gave at enrolment. */
  clientId: string;
  fetcher?: Fetcher;
}

/** Longest wait of one long poll, seconds. */
export const maxWaitSeconds = 25;

/** Calls of one enrolled wallet; its tokens are asked for with its auth key (private_key_jwt, EdDSA). */
export class WalletClient {
  private readonly records: HttpClient;
  private readonly bridge: HttpClient;

  constructor(wallet: Wallet, options: WalletClientOptions) {
    const { identityUrl, clientId, fetcher } = options;
    const tokens = new TokenSource({ identityUrl, clientId, privateJwk: wallet.authJwk, scopes: ['wallet'], fetcher });
    this.records = new HttpClient({ baseUrl: options.recordsUrl, tokens, fetcher });
    this.bridge = new HttpClient({ baseUrl: options.bridgeUrl, tokens, fetcher });
  }

  /** Open requests to this patient, oldest first; waits up to `waitSeconds` (at most 25) for the first. */
  async requests(waitSeconds: number): Promise<WalletRequest[]> {
    const timeoutMs = 15_000 + 1_000 * waitSeconds;
    return (await this.bridge.get('wallet/requests', WalletRequests, { waitSeconds }, { timeoutMs })).requests;
  }

  /** Times, windows and contracts that a consent is built with. */
  parameters(): Promise<WalletParameters> {
    return this.bridge.get('wallet/parameters', WalletParameters);
  }

  /** The patient's current deeds. */
  async deeds(): Promise<WalletDeed[]> {
    return (await this.records.get('wallet/deeds', WalletDeeds)).deeds;
  }

  /** Sends a consent; repeating it is harmless. Returns the grant's id as the hospital computed it. */
  async consent(requestId: string, body: Consent): Promise<Hex> {
    const path = `requests/${encodeURIComponent(requestId)}/consent`;
    return (await this.bridge.post(path, body, ConsentAccepted)).grantId;
  }

  /** Denies a request; the other hospital learns it only at requestExpires, in the same words as if there were no answer. */
  async deny(requestId: string): Promise<void> {
    await this.bridge.raw('POST', `requests/${encodeURIComponent(requestId)}/denial`, {}, { body: {} });
  }
}

/**
 * Enrols the wallet with the one-time code its hospital gave to the patient.
 *
 * @throws AppError of identity for a code that is used, unknown or expired
 */
export function enrol(
  wallet: Wallet,
  identityUrl: string,
  code: string,
  homeUid: Hex,
  fetcher?: Fetcher,
): Promise<z.infer<typeof EnrolledPatient>> {
  const http = new HttpClient({ baseUrl: identityUrl, fetcher });
  return http.post('enrolments', { code, ...wallet.enrolment(homeUid) }, EnrolledPatient);
}

/** Hands a revocation to one bridge: no token, any bridge in any role. */
export function sendRevocation(bridgeUrl: string, statement: Statement, fetcher?: Fetcher): Promise<RevocationAnswer> {
  return new HttpClient({ baseUrl: bridgeUrl, fetcher }).post('revocations', statement, RevocationAnswer);
}
