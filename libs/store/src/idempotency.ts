import { createHash } from 'node:crypto';
import { conflict } from '@cpds/errors';
import type { Tx } from './unit-of-work.js';

/** One request that may be repeated: who asks (`scope`), their key, and the bytes they ask with. */
export interface IdempotentRequest {
  scope: string;
  key: string;
  body: string | Uint8Array;
}

/**
 * Answers a repeated `request` as the first time: runs `work` in the caller's transaction and stores its JSON answer,
 * or returns the stored one. Of two at once, the second waits until the first has committed.
 *
 * @throws AppError `idempotency-key-reused` (conflict) when the key came with another body
 */
export async function once<T>(tx: Tx, request: IdempotentRequest, work: () => Promise<T>): Promise<T> {
  const hash = createHash('sha256').update(request.body).digest();
  const claimed = (await tx.manager.query(
    `INSERT INTO idempotency_key (scope, key, request_hash, response) VALUES ($1, $2, $3, 'null')
     ON CONFLICT DO NOTHING RETURNING key`,
    [request.scope, request.key, hash],
  )) as unknown[];
  if (claimed.length === 1) {
    const response = await work();
    await tx.manager.query('UPDATE idempotency_key SET response = $3 WHERE scope = $1 AND key = $2', [
      request.scope,
      request.key,
      JSON.stringify(response ?? null),
    ]);
    return response;
  }
  const [row] = (await tx.manager.query(
    'SELECT request_hash, response FROM idempotency_key WHERE scope = $1 AND key = $2',
    [request.scope, request.key],
  )) as [{ request_hash: Buffer; response: T }];
  if (!row.request_hash.equals(hash))
    throw conflict('idempotency-key-reused', 'this idempotency key came with another body');
  return row.response;
}
