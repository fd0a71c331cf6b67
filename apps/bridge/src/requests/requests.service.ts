import { randomBytes, randomUUID } from 'node:crypto';
import { BusRequests } from '@cpds/bus';
import { fromHex, to0x, utf8 } from '@cpds/crypto/bytes';
import type { KeyRing } from '@cpds/crypto/custody';
import * as hpke from '@cpds/crypto/hpke';
import { conflict, missing, parse, parseJson, unavailable } from '@cpds/errors';
import {
  DepartmentAnswer,
  DepartmentQuery,
  events,
  MatchAnswer,
  MatchQuery,
  NotGrantedBody,
  RequestAnswer,
  RequestBody,
  requestHash,
  sealedBodyInfo,
  SealedRequest,
  type AskRecord,
  type Datagram,
  type RequestView,
  type ShareRequest,
  type WalletRequest,
} from '@cpds/messages';
import { Changes, told, untold } from '@cpds/outbox';
import { Actors, type Principal } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { Bells } from '../bells.js';
import { Consortium, hospitalNamed } from '../chains/consortium-view.js';
import { refusalOf } from '../datagrams/datagram.js';
import { DatagramsService } from '../datagrams/datagrams.service.js';
import type { DutyResult } from '../transfers/duties.js';
import { TransferRow } from '../transfers/transfer.row.js';
import { noFacts, nowSeconds } from '../transfers/facts.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { checkRequest, maxRequestSeconds } from './request.js';
import { requestPlace, RequestRow } from './request.row.js';

type StoredRequest = SealedRequest & { datagram?: Datagram };

/** At most this many requests are shown to a wallet at once; one that is answered makes place for the next. */
const maxShown = 100;

/** At most this many requests of one hospital wait for patients here at once. */
const maxWaiting = 10_000;

/** Keys that this process holds in memory only; see KEY_FILE. */
export abstract class NodeKeys {
  /** seals what this process stores */
  abstract readonly ring: KeyRing;
  /** P-256, opens bodies sealed to this party */
  abstract readonly hpke: Uint8Array;
}

export abstract class RequestsOptions {
  /** A request that a reader makes ends after this, seconds. */
  abstract readonly requestTtlSeconds: number;
}

/** Requests for records: asked by B, received by A, shown to the patient's wallet. */
@Injectable()
export class RequestsService {
  private readonly arrivals = new Bells();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly transfers: TransfersService,
    private readonly datagrams: DatagramsService,
    private readonly consortium: Consortium,
    private readonly bus: BusRequests,
    private readonly actors: Actors,
    private readonly keys: NodeKeys,
    private readonly options: RequestsOptions,
  ) {}

  /** Answers all who wait for a request, as this process stops. */
  endWaiting(): void {
    this.arrivals.end();
  }

  /**
   * B asks A for a patient's record, for a department that the client is bound to: stores the request, its transfer row
   * and the datagram in one transaction.
   *
   * @throws AppError `unknown-hospital`, `unknown-department`, `department-denied`, `clinician-refused`
   */
  async ask(body: z.infer<typeof AskRecord>, caller: Principal): Promise<RequestView> {
    const view = this.consortium.current();
    const home = hospitalNamed(view, body.home);
    const own = hospitalNamed(view, this.consortium.self);
    if (home.party === own.party) throw conflict('own-record', 'a hospital reads its own records without a request');
    if (!own.mappedDeeds) throw unavailable('no-group', 'the storemen have not generated their keys yet');
    const department = await this.bus.ask('identity.department', DepartmentQuery, DepartmentAnswer, {
      departmentId: body.departmentId,
    });
    if (!department) throw missing('unknown-department', 'no such department here', { field: 'departmentId' });
    const actor = await this.actors.forDepartment(caller, department.departmentId);
    const now = nowSeconds();
    const request: ShareRequest = {
      requestId: randomUUID(),
      patient: body.patient,
      category: body.category,
      department: { id: department.departmentId, name: department.name },
      metaAddress: department.metaAddress,
      purpose: body.purpose,
      period: { start: now, end: now + body.readForSeconds },
      requestExpires: now + this.options.requestTtlSeconds,
      destinationUid: own.chainUid,
      mappedDeeds: own.mappedDeeds,
    };
    const info = utf8(sealedBodyInfo('request', own.party, home.party));
    const content: SealedRequest = { request, salt: to0x(randomBytes(32)) };
    const sealed = await hpke.seal(fromHex(home.hpkeKey, 'hpkeKey', 65), info, utf8(JSON.stringify(content)));
    await this.changes.commit(async (tx) => {
      await tx.manager.save(RequestRow, this.rowOf(request, 'sent', home.party, null, content));
      await this.transfers.insert(tx, {
        id: request.requestId,
        role: 'B',
        state: 'requested',
        home: home.party,
        destination: own.party,
        homeUid: home.chainUid,
        destinationUid: own.chainUid,
        requestExpires: String(request.requestExpires),
      });
      await this.datagrams.send(tx, {
        to: home.party,
        kind: 'request',
        grantId: request.requestId,
        body: { requestId: request.requestId, requestHash: requestHash(content), sealed: to0x(sealed) },
        deadline: request.requestExpires,
      });
      return told({
        type: events.requestSent,
        correlation: request.requestId,
        details: { ...actor, to: home.party, departmentId: body.departmentId, purpose: body.purpose },
      });
    });
    return { requestId: request.requestId, state: 'requested', grantId: null, requestExpires: request.requestExpires };
  }

  /** Takes datagrams of kind `request`: at A a request of B, at B the news that nothing comes of one. */
  take(received: Datagram): Promise<z.infer<typeof RequestAnswer>> {
    return received.body['outcome'] === 'not-granted' ? this.receiveNotGranted(received) : this.receive(received);
  }

  /** `received` only ends the re-sending; the result of the request comes as a datagram of its own. */
  async answered(answer: Datagram): Promise<void> {
    // a request that A refuses outright needs no action here: it expires at B as it does at A
    if (!refusalOf(answer)) parse(RequestAnswer, answer.body, 'request answer');
  }

  /** A stores B's request. The answer says only `received`, whether or not the patient is known. */
  private async receive(received: Datagram): Promise<z.infer<typeof RequestAnswer>> {
    const body = parse(RequestBody, received.body, 'request');
    const view = this.consortium.current();
    const asker = hospitalNamed(view, received.from);
    const own = hospitalNamed(view, this.consortium.self);
    const info = utf8(sealedBodyInfo('request', asker.party, own.party));
    const opened = await hpke.open(this.keys.hpke, info, fromHex(body.sealed, 'sealed'));
    const content = parseJson(SealedRequest, opened, 'request');
    const { request } = content;
    if (requestHash(content) !== body.requestHash)
      throw conflict('other-request', 'the sealed request is not the one that was signed');
    if (request.requestId !== body.requestId) throw conflict('other-request', 'the sealed request has another id');
    const known = await this.transfers.findById(request.requestId);
    if (known) return { outcome: known.closeReason === 'not-granted' ? 'not-granted' : 'received' };
    checkRequest(request, { chainUid: asker.chainUid, mappedDeeds: asker.mappedDeeds }, nowSeconds());
    await this.refuseFlood(asker.party);
    const { patientId } = await this.bus.ask('identity.match', MatchQuery, MatchAnswer, request.patient);
    await this.changes.commit(async (tx) => {
      const stored = { ...content, datagram: received };
      await tx.manager.save(RequestRow, this.rowOf(request, 'received', asker.party, patientId, stored));
      await this.transfers.insert(tx, {
        id: request.requestId,
        role: 'A',
        state: 'requested',
        home: own.party,
        destination: asker.party,
        homeUid: own.chainUid,
        destinationUid: asker.chainUid,
        requestExpires: String(request.requestExpires),
      });
      tx.afterCommit(() => patientId && this.arrivals.ring(patientId));
      return told({
        type: events.requestReceived,
        correlation: request.requestId,
        details: { from: asker.party, purpose: request.purpose, departmentId: request.department.id },
        ...(patientId ? { person: patientId } : {}),
      });
    });
    return { outcome: 'received' };
  }

  /** A tells B at requestExpires, in the same words for a denial, an unknown patient and an unknown record. */
  async answerNotGranted(row: TransferRow): Promise<DutyResult> {
    await this.changes.commit(async (tx) => {
      await this.datagrams.send(tx, {
        to: row.destination,
        kind: 'request',
        grantId: row.id,
        body: { requestId: row.id, outcome: 'not-granted' },
        deadline: nowSeconds() + maxRequestSeconds,
      });
      return untold("the row's end was told of");
    });
    return { done: true };
  }

  /** B closes a request of which nothing comes. */
  private async receiveNotGranted(received: Datagram): Promise<z.infer<typeof RequestAnswer>> {
    const { requestId } = parse(NotGrantedBody, received.body, 'not-granted');
    const row = await this.unitOfWork.reader.findOneBy(RequestRow, { id: requestId, side: 'sent' });
    if (!row || row.counterparty !== received.from) throw unknownRequest();
    await this.transfers.raise(requestId, { type: 'not-granted' }, noFacts());
    return { outcome: 'received' };
  }

  /** Requests that wait for this patient, a hundred at most, the oldest of each hospital first; waits up to `waitSeconds` for the first one. */
  async waitingFor(patientId: string, waitSeconds: number): Promise<WalletRequest[]> {
    const some = async () => {
      const found = await this.waitingNow(patientId);
      return found.length > 0 ? found : null;
    };
    return (await this.arrivals.until(patientId, waitSeconds * 1000, some)) ?? [];
  }

  /** Stores the patient's denial. B is told at requestExpires only: a denial looks like a patient who does not exist. */
  async deny(requestId: string, patientId: string): Promise<void> {
    await this.changes.commit(async (tx) => {
      const row = await tx.manager.findOneBy(RequestRow, { id: requestId, patientId, side: 'received' });
      if (!row) throw unknownRequest();
      await tx.manager.update(RequestRow, { id: requestId }, { denied: true });
      return untold('a denial looks like a patient who does not exist, to every reader of the log');
    });
  }

  /** The content of `requestId`, at the side that sent or received it. @throws AppError `unknown-request` */
  async opened(requestId: string): Promise<{ row: RequestRow; request: ShareRequest }> {
    const row = await this.unitOfWork.reader.findOneBy(RequestRow, { id: requestId });
    if (!row) throw unknownRequest();
    return { row, request: this.open(row).request };
  }

  /** The state of a request of this hospital. @throws AppError `unknown-request` */
  async view(requestId: string): Promise<RequestView> {
    const { row } = await this.opened(requestId);
    const transfer = await this.transfers.findById(row.id);
    if (!transfer) throw unknownRequest();
    return {
      requestId,
      state: requestStateOf(transfer),
      grantId: transfer.grant ? (transfer.grantId as RequestView['grantId']) : null,
      requestExpires: Number(transfer.requestExpires),
    };
  }

  private async waitingNow(patientId: string): Promise<WalletRequest[]> {
    // Only what still waits takes a place, and each hospital's first before anybody's second: a hospital that asks a
    // hundred times hides no request of another.
    const rows = (await this.unitOfWork.reader.query(
      `SELECT id, counterparty, sealed FROM (
         SELECT request.id, request.counterparty, request.sealed, request.created_at,
           row_number() OVER (PARTITION BY request.counterparty ORDER BY request.created_at, request.id) AS turn
         FROM request JOIN transfer ON transfer.id = request.id
         WHERE request.patient_id = $1 AND request.side = 'received' AND NOT request.denied
           AND transfer.state = 'requested' AND transfer.request_expires > $2
       ) AS waiting ORDER BY turn, created_at, id LIMIT $3`,
      [patientId, nowSeconds(), maxShown],
    )) as Pick<RequestRow, 'id' | 'counterparty' | 'sealed'>[];
    return rows.map((row) => {
      const { request, salt, datagram } = this.open(row);
      return { requestId: row.id, from: row.counterparty, request, salt, datagram: { ...datagram } };
    });
  }

  private async refuseFlood(party: string): Promise<void> {
    const waiting = await this.unitOfWork.reader.countBy(TransferRow, {
      destination: party,
      role: 'A',
      state: 'requested',
    });
    if (waiting >= maxWaiting)
      throw unavailable('too-many-requests', `${maxWaiting} requests of ${party} wait already`);
  }

  private rowOf(
    request: ShareRequest,
    side: RequestRow['side'],
    counterparty: string,
    patientId: string | null,
    content: StoredRequest,
  ): Partial<RequestRow> {
    return {
      id: request.requestId,
      side,
      counterparty,
      sealed: this.keys.ring.sealJson(requestPlace(request.requestId), content),
      patientId,
      departmentId: request.department.id,
      createdAt: new Date(),
    };
  }

  private open(row: Pick<RequestRow, 'id' | 'sealed'>): StoredRequest {
    return this.keys.ring.openJson(requestPlace(row.id), row.sealed) as StoredRequest;
  }
}

function requestStateOf(transfer: TransferRow): RequestView['state'] {
  if (transfer.grant) return 'consented';
  if (transfer.state === 'requested') return 'requested';
  return transfer.closeReason === 'refused' ? 'refused' : 'not-granted';
}

function unknownRequest() {
  return missing('unknown-request', 'no such request is known here', { field: 'requestId' });
}
