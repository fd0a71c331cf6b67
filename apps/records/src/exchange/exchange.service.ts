import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import { conflict, denied, missing, unavailable } from '@cpds/errors';
import {
  AuthorizeFetchAnswer,
  AuthorizeFetchQuery,
  events,
  GrantQuery,
  GrantQueryAnswer,
  type FetchRequest,
  type Hex,
  type RecordMetadata,
} from '@cpds/messages';
import { Disclosure } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import type { z } from 'zod';
import { NamedFiles } from '../objects/named-files.js';
import { type ByteRange, clip } from '../objects/byte-range.js';
import { fileOf, metadataOf, ObjectRow, RecordRow } from '../records/record.row.js';
import { bytesOf, checkStatement, GrantEnded, nonceKeptSec, type KnownGrant } from './fetch.js';
import { MayServe } from './may-serve.js';

type Request = z.infer<typeof FetchRequest>;

/** The answer to a fetch. */
export interface FetchAnswer {
  metadata: RecordMetadata;
  /** opens the deed's commitment, 0x hex */
  salt: string;
  /** first byte served, how many, and of how many: the age file, header included */
  from: number;
  length: number;
  sizeBytes: number;
  body: AsyncIterable<Uint8Array>;
}

/** A's door for ciphertext (protocol section 7, "Fetch"): authority is q's signature and t storemen's partials. */
@Injectable()
export class ExchangeService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly requests: BusRequests,
    private readonly files: NamedFiles,
    private readonly disclosure: Disclosure,
    private readonly mayServe: MayServe,
  ) {}

  /**
   * Answers a fetch. Checked in the protocol's order: signature, nonce, facts that forbid, lock and partials, receipt.
   *
   * @throws AppError `unknown-grant`, `bad-fetch-signature`, `fetch-expired`, `nonce-used`, `fetch-refused`, `disclosure-withheld`; GrantEnded
   */
  async serve(request: Request): Promise<FetchAnswer> {
    const { fetch } = request;
    const known = await this.grant(fetch.grantId);
    checkStatement(fetch, request.signature, known, Math.floor(Date.now() / 1000));
    await this.claimNonce(fetch);
    const commitment = await this.authorize(request);
    if (commitment !== fetch.objectId) throw denied('wrong-object', 'the grant consents to another record');
    // Only now: a refusal must leave no object open at the store.
    const { record, object, sizeBytes, body } = await this.wanted(commitment, fetch);
    const { from, length } = clip(fetch, sizeBytes);
    await this.disclosure.logged(events.disclosed, {
      correlation: fetch.grantId,
      person: record.patientId,
      details: { ...fetch, recordId: record.id, bytes: length },
    });
    const guarded = this.mayServe.guarded(fetch.grantId, body, async () => {
      await Promise.all([this.mayServe.check(fetch.grantId), this.notWithdrawn(record.id)]);
    });
    return {
      metadata: metadataOf(record),
      salt: `0x${object.salt.toString('hex')}`,
      from,
      length,
      sizeBytes,
      body: guarded,
    };
  }

  /** Forgets nonces whose fetches have all expired. */
  async pruneNonces(): Promise<void> {
    await this.unitOfWork.reader.query(`DELETE FROM fetch_nonce WHERE expires < now() - $1 * interval '1 second'`, [
      nonceKeptSec,
    ]);
  }

  private async grant(grantId: string): Promise<KnownGrant> {
    const known = await this.requests.ask('bridge.grant', GrantQuery, GrantQueryAnswer, {
      grantId: grantId as Hex,
    });
    if (!known) throw missing('unknown-grant', 'there is no such grant');
    return known;
  }

  /** Accepts each (grantId, nonce) once, also if a later check refuses: showing a statement uses it up. */
  private async claimNonce({ grantId, nonce, expires }: Request['fetch']): Promise<void> {
    const claimed = (await this.unitOfWork.reader.query(
      `INSERT INTO fetch_nonce (grant_id, nonce, expires) VALUES ($1, $2, to_timestamp($3)) ON CONFLICT DO NOTHING RETURNING nonce`,
      [bytesOf(grantId), bytesOf(nonce), expires],
    )) as unknown[];
    if (claimed.length === 0) throw conflict('nonce-used', 'this fetch was made already', { field: 'fetch.nonce' });
  }

  private async authorize({ fetch, partials }: Request): Promise<string> {
    const query = { grantId: fetch.grantId, partials };
    const answer = await this.requests.ask('bridge.authorize-fetch', AuthorizeFetchQuery, AuthorizeFetchAnswer, query);
    switch (answer.outcome) {
      case 'allowed':
        return answer.commitment;
      case 'revoked':
      case 'expired':
        throw new GrantEnded(answer.outcome, answer.answer);
      case 'refused':
        throw denied('fetch-refused', answer.reason, { field: answer.field });
      case 'unavailable':
        throw unavailable('fetch-unavailable', answer.reason, { retryAfterSec: 1 });
    }
  }

  private async wanted(commitment: string, range: ByteRange) {
    const { reader } = this.unitOfWork;
    // Look for the deed's own object and not the record's current one: a grant names one deed, also after the record
    // was sealed anew.
    const object = await reader.findOneBy(ObjectRow, { commitment: bytesOf(commitment) });
    if (!object) throw missing('unknown-object', 'there is no object with this commitment');
    const record = await this.notWithdrawn(object.recordId);
    if (object.removedAt) throw missing('unknown-object', 'there is no object with this commitment');
    const stored = await this.files.get(fileOf(record, object), 'fetch', range);
    return { object, record, ...stored };
  }

  /** The record. @throws GrantEnded `withdrawn`: it was entered in error, which ends every grant of it here */
  private async notWithdrawn(recordId: string): Promise<RecordRow> {
    const record = await this.unitOfWork.reader.findOneByOrFail(RecordRow, { id: recordId });
    if (record.withdrawnAt) throw new GrantEnded('withdrawn');
    return record;
  }
}
