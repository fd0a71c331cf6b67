import { fetchDigest, isSignedByAccount, recipientAddress, type Hex } from '@cpds/contracts';
import { AppError, denied, invalid } from '@cpds/errors';
import type { FetchRequest, GrantQueryAnswer, SignedAnswer } from '@cpds/messages';
import type { z } from 'zod';

type Fetch = z.infer<typeof FetchRequest>['fetch'];
export type KnownGrant = NonNullable<z.infer<typeof GrantQueryAnswer>>;

/** Longest life of a Fetch, seconds (protocol section 7). */
export const maxFetchLifeSec = 60;
/** A nonce is kept this long past `expires`, seconds. */
export const nonceKeptSec = 120;
/** Nodes' clocks agree within so many seconds, so B's may be ahead by that. */
const clockSkewSec = 30;

/**
 * The first check of a fetch: q signed these bytes, now, for this record.
 *
 * @throws AppError `bad-fetch-signature`, `fetch-expired`, `fetch-too-long-lived`, `bad-range`, `wrong-object`
 */
export function checkStatement(fetch: Fetch, signature: string, known: KnownGrant, nowSec: number): void {
  const digest = fetchDigest(known.homeUid, fetch as Parameters<typeof fetchDigest>[1]);
  if (!isSignedByAccount(recipientAddress(known.grant), digest, signature))
    throw denied('bad-fetch-signature', 'the fetch is not signed by the recipient of the grant', {
      field: 'signature',
    });
  if (fetch.expires <= nowSec) throw denied('fetch-expired', 'the fetch is expired', { field: 'fetch.expires' });
  if (fetch.expires > nowSec + maxFetchLifeSec + clockSkewSec)
    throw invalid('fetch-too-long-lived', 'fetch.expires', `a fetch lives ${maxFetchLifeSec} s at most`);
  if (fetch.to < fetch.from) throw invalid('bad-range', 'fetch.to', 'the range ends before it begins');
  if (fetch.objectId !== known.commitment)
    throw denied('wrong-object', 'the grant consents to another record', { field: 'fetch.objectId' });
}

/** Refuses a fetch of a grant that has ended: 410, with the answer that this hospital signed. */
export class GrantEnded extends AppError {
  constructor(
    why: 'revoked' | 'expired' | 'withdrawn',
    readonly answer?: z.infer<typeof SignedAnswer>,
  ) {
    super(why, 'denied', `the grant is ${why}: nothing is served any more`, { status: 410 });
  }
}

/** Hex of a column, as messages spell it. */
export const bytesOf = (hex: Hex | string): Buffer => Buffer.from(hex.slice(2), 'hex');
