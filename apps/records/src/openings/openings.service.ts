import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import * as age from '@cpds/crypto/age';
import { to0x } from '@cpds/crypto/bytes';
import { AppError, conflict, denied, missing, toAppError, unavailable } from '@cpds/errors';
import {
  CheckWithdrawalAnswer,
  CheckWithdrawalQuery,
  events,
  GrantQuery,
  GrantQueryAnswer,
  OpenAnswer,
  OpenedAnswer,
  OpenedQuery,
  OpenQuery,
  ReleasedAnswer,
  ReleasedQuery,
  SignQuery,
  SignQueryAnswer,
  type CloseReason,
  type FetchRequest,
  type Hex,
  type HomeAnswer,
  type Withdrawal,
  type WithdrawalAnswer,
} from '@cpds/messages';
import { Changes, Disclosure, type Outcome, told, unchanged, untold } from '@cpds/outbox';
import { Actors, type Principal } from '@cpds/service';
import { UnitOfWork, type Tx } from '@cpds/store';
import type { z } from 'zod';
import { bytesOf, GrantEnded, maxFetchLifeSec } from '../exchange/fetch.js';
import { MayServe } from '../exchange/may-serve.js';
import { AgeIdentities } from '../objects/age-identities.js';
import { type NamedFile, NamedFiles } from '../objects/named-files.js';
import { ObjectStore } from '../objects/object-store.js';
import { PendingObjects } from '../objects/pending-objects.js';
import { after, hashed } from '../objects/streams.js';
import type { OutgoingBytes } from '../records/records.service.js';
import { HomeExchange } from './home-exchange.js';
import { HospitalDirectory } from './hospital-directory.js';
import { checkFetched, WrongBytes } from './opening.js';
import { OpeningRow } from './opening.row.js';

type Released = NonNullable<z.infer<typeof ReleasedAnswer>>;

/** A record that is held here, and its file key. */
interface Opened {
  opening: OpeningRow;
  fileKey: Uint8Array;
}

/** Full fetches that are tried for one reader before it is told that A withholds, and the pause between them. */
const attempts = 2;
const restMs = 1_000;
/** The `to` of a fetch that asks for the whole file, whatever its length. */
const toTheEnd = Number.MAX_SAFE_INTEGER;

/** Records of other hospitals, as grants let this one read them: fetched, checked against the deed, opened, deleted. */
@Injectable()
export class OpeningsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly actors: Actors,
    private readonly requests: BusRequests,
    private readonly store: ObjectStore,
    private readonly files: NamedFiles,
    private readonly pending: PendingObjects,
    private readonly home: HomeExchange,
    private readonly directory: HospitalDirectory,
    private readonly disclosure: Disclosure,
    private readonly mayServe: MayServe,
    private readonly identities: AgeIdentities,
  ) {}

  /**
   * Plaintext of the record that a released grant names, for a client of the department that it was consented to. Fetched
   * once; every reading is logged, and the first byte waits for the log's receipt (transfer table: Released -> Opened).
   *
   * @throws GrantEnded (410); AppError `not-released` (conflict), `department-denied`, `clinician-refused` (denied),
   * `fetch-withheld`, `disclosure-withheld` (unavailable)
   */
  async open(grantId: Hex, caller: Principal): Promise<OutgoingBytes> {
    const [known] = await Promise.all([this.find(grantId), this.mayRead(grantId)]);
    const source = known ?? (await this.released(grantId));
    const actor = await this.actors.forDepartment(caller, source.departmentId);
    const { opening, fileKey } =
      'stanza' in source
        ? { opening: source, fileKey: this.identities.openStanza(source.stanza).fileKey }
        : await this.fetch(grantId, source);
    const { contentType, sizeBytes } = opening.metadata;
    await this.disclosure.logged(events.opened, {
      correlation: grantId,
      details: { ...actor, grantId, departmentId: opening.departmentId, bytes: sizeBytes },
    });
    const [body] = await Promise.all([
      this.files.open(this.fileOf(opening), fileKey, 'reading'),
      this.requests.ask('bridge.opened', OpenedQuery, OpenedAnswer, { grantId }),
      this.unitOfWork.reader.query('UPDATE opening SET opened_at = now() WHERE grant_id = $1 AND opened_at IS NULL', [
        bytesOf(grantId),
      ]),
    ]);
    return { contentType, sizeBytes, body: this.mayServe.guarded(grantId, body, () => this.mayRead(grantId)) };
  }

  /**
   * Sends a fetch of this grant without partials and returns the home hospital's answer: it can serve nothing, so this
   * shows a refusal and moves no byte.
   *
   * @throws AppError `unknown-grant`; `department-denied`, `clinician-refused`; `home-silent`
   */
  async askHome(grantId: Hex, caller: Principal): Promise<HomeAnswer> {
    const known = await this.requests.ask('bridge.grant', GrantQuery, GrantQueryAnswer, { grantId });
    if (!known?.departmentId) throw missing('unknown-grant', 'there is no such grant');
    const actor = await this.actors.forDepartment(caller, known.departmentId);
    await this.changes.tell({ type: events.homeAsked, correlation: grantId, details: { ...actor, grantId } });
    const exchangeUrl = await this.directory.exchangeUrlOf(known.homeUid);
    return this.home.ask(exchangeUrl, await this.statement(grantId, known, []));
  }

  /**
   * Deletes the ciphertext that is held under a grant that ended, and remembers the end for as long as a fetch that was
   * under way may still come to keep what it got.
   */
  async end(tx: Tx, grantId: Hex, reason: CloseReason): Promise<void> {
    await oneAtATime(tx, grantId);
    await tx.manager.query('INSERT INTO ended_grant (grant_id, reason) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      bytesOf(grantId),
      reason,
    ]);
    await tx.manager.query('DELETE FROM withdrawn_grant WHERE grant_id = $1', [bytesOf(grantId)]);
    await this.forget(tx, grantId);
  }

  /**
   * Takes the home hospital's word that the record of a grant was withdrawn: from the commit on its copy is read by nobody,
   * and it is erased if so asked. Repeating it changes nothing; `erase` after `keep` still erases.
   *
   * @throws AppError `unknown-grant` (missing), `withdrawal-forged` (denied)
   */
  async withdraw(withdrawal: Withdrawal): Promise<WithdrawalAnswer> {
    const { grantId, copy } = withdrawal;
    const query = [CheckWithdrawalQuery, CheckWithdrawalAnswer] as const;
    const { outcome } = await this.requests.ask('bridge.check-withdrawal', ...query, withdrawal);
    if (outcome === 'unknown-grant') throw missing('unknown-grant', 'there is no such grant');
    if (outcome === 'not-signed')
      throw denied('withdrawal-forged', 'this is not signed by the home hospital of the grant', { field: 'signature' });
    return this.changes.commit(async (tx) => {
      await oneAtATime(tx, grantId);
      const held = await tx.manager.findOneBy(OpeningRow, { grantId: bytesOf(grantId) });
      if (outcome === 'ended' || (await endOf(tx, bytesOf(grantId)))) return unchanged({ copy: 'none' } as const);
      const noted = (await tx.manager.query(
        `INSERT INTO withdrawn_grant (grant_id, copy) VALUES ($1, $2)
         ON CONFLICT (grant_id) DO UPDATE SET copy = 'erase' WHERE withdrawn_grant.copy = 'keep' AND $2 = 'erase'
         RETURNING grant_id`,
        [bytesOf(grantId), copy],
      )) as unknown[];
      if (copy === 'erase') await this.forget(tx, grantId);
      const became = held === null ? 'none' : copy === 'erase' ? 'erased' : 'kept';
      if (noted.length === 0) return unchanged({ copy: became });
      const details = { by: 'service:records', grantId, asked: copy, copy: became };
      return told({ type: events.withdrawnByHome, correlation: grantId, details }, { copy: became });
    });
  }

  /** Forgets ends before which every fetch that is still under way has lost its object to a sweep. */
  async pruneEnds(orphanAfterMs: number): Promise<void> {
    await this.unitOfWork.reader.query(
      `DELETE FROM ended_grant WHERE ended_at < now() - 2 * $1 * interval '1 millisecond'`,
      [orphanAfterMs],
    );
  }

  private async forget(tx: Tx, grantId: Hex): Promise<void> {
    const opening = await tx.manager.findOneBy(OpeningRow, { grantId: bytesOf(grantId) });
    if (!opening) return;
    await tx.manager.delete(OpeningRow, { grantId: bytesOf(grantId) });
    await this.pending.release(tx, opening.objectKey);
  }

  /** The age file that is held under a grant. One that is damaged is given up: the next reader fetches it again. */
  fileOf(opening: OpeningRow): NamedFile {
    const grantId = to0x(opening.grantId);
    return {
      key: opening.objectKey,
      header: opening.header,
      payloadSha256: opening.payloadSha256,
      sizeBytes: opening.metadata.sizeBytes,
      told: { correlation: grantId, details: { grantId } },
      giveUp: (tx) => this.forget(tx, grantId),
    };
  }

  /** @throws GrantEnded also where the home hospital withdrew the record; what `MayServe.check` throws */
  private async mayRead(grantId: Hex): Promise<void> {
    await this.mayServe.check(grantId);
    if (await isWithdrawn(this.unitOfWork.reader, grantId)) throw new GrantEnded('withdrawn');
  }

  private find(grantId: Hex): Promise<OpeningRow | null> {
    return this.unitOfWork.reader.findOneBy(OpeningRow, { grantId: bytesOf(grantId) });
  }

  private async released(grantId: Hex): Promise<Released> {
    const released = await this.requests.ask('bridge.released', ReleasedQuery, ReleasedAnswer, { grantId });
    if (!released) throw conflict('not-released', 'the storemen have not released the key of this grant');
    return released;
  }

  /** Tries again if A is silent, busy or sends other bytes; each failure is evidence in the log. */
  private async fetch(grantId: Hex, released: Released): Promise<Opened> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.fetchOnce(grantId, released);
      } catch (thrown) {
        const error = toAppError(thrown);
        if (error.kind !== 'unavailable') throw error;
        await this.changes.tell({
          type: events.fetchWithheld,
          correlation: grantId,
          details: { grantId, attempt, code: error.code },
        });
        if (attempt === attempts)
          throw unavailable('fetch-withheld', `the home hospital does not give the record: ${error.code}`, {
            cause: error,
            retryAfterSec: 5,
          });
        await delay(restMs);
      }
    }
  }

  private async fetchOnce(grantId: Hex, released: Released): Promise<Opened> {
    const { grant, homeUid, capsule, keyId, ySeal, w, commitment, departmentId } = released;
    const request = await this.statement(grantId, released, released.partials);
    const file = await this.home.fetch(released.exchangeUrl, request);
    const key = `fetched/${randomUUID()}`;
    return this.pending.guard(key, async () => {
      const query = { grant, homeUid, capsule, keyId, ySeal, w };
      const atOnce = [
        this.keepCiphertext(key, file.sizeBytes, file.body),
        this.requests.ask('identity.open', OpenQuery, OpenAnswer, query),
      ] as const;
      // Wait for both: if one fails the object is removed, and nothing may still be writing it then.
      await Promise.allSettled(atOnce);
      const [{ header, payloadSha256 }, opened] = await Promise.all(atOnce);
      const { metadata, salt } = file;
      const payloadBytes = file.sizeBytes - header.length;
      const { fileKey } = this.identities.openStanza(opened.stanza);
      checkFetched({ header, payloadSha256, payloadBytes, metadata, salt }, fileKey, commitment);
      const row = {
        grantId: bytesOf(grantId),
        objectKey: key,
        header: Buffer.from(header),
        payloadSha256: Buffer.from(payloadSha256),
        // Identity may still wrap for a former identity, which must not be needed by a row of today.
        stanza: this.identities.wrap(fileKey),
        recipient: this.identities.recipient,
        metadata,
        commitment: bytesOf(commitment),
        departmentId,
      };
      return { opening: await this.changes.commit((tx) => this.claim(tx, grantId, row)), fileKey };
    });
  }

  /**
   * Two readers at once fetch twice; the first row stands and the other's object goes. What came for a grant that ended
   * meanwhile is not kept. @throws GrantEnded
   */
  private async claim(
    tx: Tx,
    grantId: Hex,
    row: Omit<OpeningRow, 'fetchedAt' | 'openedAt'>,
  ): Promise<Outcome<OpeningRow>> {
    await oneAtATime(tx, grantId);
    const ended = await endOf(tx, row.grantId);
    if (ended) throw new GrantEnded(ended === 'expired' ? 'expired' : 'revoked');
    if (await isWithdrawn(tx.manager, grantId)) throw new GrantEnded('withdrawn');
    await this.pending.keep(tx, row.objectKey);
    await tx.manager.createQueryBuilder().insert().into(OpeningRow).values(row).orIgnore().execute();
    const stands = await tx.manager.findOneByOrFail(OpeningRow, { grantId: row.grantId });
    if (stands.objectKey !== row.objectKey) {
      await this.pending.release(tx, row.objectKey);
      return untold('the reader whose row stands told of it', stands);
    }
    const details = { grantId, bytes: row.metadata.sizeBytes };
    return told({ type: events.fetched, correlation: grantId, details }, stands);
  }

  private async keepCiphertext(
    key: string,
    sizeBytes: number,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ header: Uint8Array; payloadSha256: Uint8Array }> {
    try {
      const { header, payload } = await age.splitFile(body);
      const hash = createHash('sha256');
      await this.store.put(key, sizeBytes, after(header, hashed(payload, hash)));
      return { header, payloadSha256: hash.digest() };
    } catch (thrown) {
      // If the own store is away, A is not to blame; every other error comes from the bytes that A sent.
      if (thrown instanceof AppError && thrown.kind === 'unavailable') throw thrown;
      throw new WrongBytes('body', thrown);
    }
  }

  /** A Fetch by q, which identity holds. */
  private async statement(
    grantId: Hex,
    { homeUid, grant, commitment }: Pick<Released, 'homeUid' | 'grant' | 'commitment'>,
    partials: Released['partials'],
  ): Promise<z.infer<typeof FetchRequest>> {
    const fetch = {
      grantId,
      objectId: commitment,
      from: 0,
      to: toTheEnd,
      nonce: `0x${randomBytes(16).toString('hex')}` as const,
      expires: Math.floor(Date.now() / 1000) + maxFetchLifeSec,
    };
    const { signature } = await this.requests.ask('identity.sign', SignQuery, SignQueryAnswer, {
      kind: 'fetch' as const,
      homeUid,
      grant,
      fetch,
    });
    return { fetch, signature, partials };
  }
}

/** Why a grant ended, while a fetch of it may still come. */
async function endOf(tx: Tx, grantId: Buffer): Promise<CloseReason | undefined> {
  const [ended] = (await tx.manager.query('SELECT reason FROM ended_grant WHERE grant_id = $1', [grantId])) as {
    reason: CloseReason;
  }[];
  return ended?.reason;
}

async function isWithdrawn(manager: Tx['manager'], grantId: Hex): Promise<boolean> {
  const rows = (await manager.query('SELECT 1 FROM withdrawn_grant WHERE grant_id = $1', [
    bytesOf(grantId),
  ])) as object[];
  return rows.length > 0;
}

/** End and keeping of one grant wait for each other: neither could see what the other has not committed yet. */
async function oneAtATime(tx: Tx, grantId: Hex): Promise<void> {
  await tx.manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`records/grant/${grantId}`]);
}
