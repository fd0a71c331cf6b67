import { BusRequests } from '@cpds/bus';
import { anyText, conflict, parse } from '@cpds/errors';
import {
  events,
  ProveAnswer,
  ProveQuery,
  SignQuery,
  SignQueryAnswer,
  type Hex,
  type OpenOutcome,
  type ReleasedAnswer,
  type RevocationAnswer,
  type TransferState,
} from '@cpds/messages';
import { Changes } from '@cpds/outbox';
import { Actors, type Principal } from '@cpds/service';
import { Injectable } from '@nestjs/common';
import { BoundedMap } from '../bounded-map.js';
import { Consortium, hospitalOfChain } from '../chains/consortium-view.js';
import { ReleaseCollector } from '../release/release-collector.service.js';
import { NodeKeys, RequestsService } from '../requests/requests.service.js';
import { RevocationsService } from '../revocations/revocations.service.js';
import { noFacts } from '../transfers/facts.js';
import { TransferDriver } from '../transfers/transfer-driver.js';
import { holdsGrant, type HeldRow } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { z } from 'zod';

/** A combined key, opened. */
export const combinedPlace = (grantId: string): string => `combined/${grantId}`;

/** Proofs kept at most; what is gone is made again when it is needed. */
const maxProofs = 256;

/** States in which B holds the combined key. */
const released: readonly TransferState[] = ['released', 'opened'];

/** Takes B from a final mapping to a readable record: asks the storemen, keeps W sealed, gives records what it needs to fetch. */
@Injectable()
export class OpeningService {
  /** Proofs that identity made, or is making, of grants not released yet. */
  private readonly proofs = new BoundedMap<string, Promise<z.infer<typeof ProveAnswer>>>(maxProofs);

  constructor(
    private readonly changes: Changes,
    private readonly transfers: TransfersService,
    private readonly driver: TransferDriver,
    private readonly collector: ReleaseCollector,
    private readonly requests: RequestsService,
    private readonly revocations: RevocationsService,
    private readonly consortium: Consortium,
    private readonly bus: BusRequests,
    private readonly actors: Actors,
    private readonly keys: NodeKeys,
  ) {
    // Made while the mapping becomes final, so that the release waits for the storemen only. `proofOfQ` forgets one that
    // fails; `open` asks again and throws.
    transfers.onChange((row) => {
      if (row.role === 'B' && row.state === 'mint-sent' && holdsGrant(row)) void this.proofOfQ(row);
    });
  }

  /**
   * Asks the storemen to release the grant's key to q, once an event says for whom. Repeatable; never asks again once t
   * partials are combined.
   *
   * @throws AppError `unknown-grant`, `department-denied`, `clinician-refused`, `no-answer`
   */
  async open(grantId: Hex, caller: Principal): Promise<OpenOutcome> {
    const row = await this.transfers.byGrant(grantId, 'B');
    const departmentId = await this.departmentOf(row);
    const actor = await this.actors.forDepartment(caller, departmentId);
    if (released.includes(row.state)) return { outcome: 'released' };
    const isOver = row.state === 'closing' || row.state === 'closed';
    if (row.state !== 'mapped' && !isOver) return { outcome: 'waiting', waitsFor: this.driver.waitsFor(row) };
    if (!row.capsule) return { outcome: 'waiting', waitsFor: 'the grant' };
    await this.changes.tell({
      type: events.releaseAsked,
      correlation: grantId,
      details: { ...actor, grantId, departmentId },
    });
    const proof = await this.proofOfQ(row);
    const { homeUid, grant, capsule } = row;
    const outcome = await this.collector.collect({ grantId, homeUid, grant, capsule, ...proof });
    await this.transfers.blame(row.id, outcome.culprits);
    if (outcome.outcome === 'refused') return { outcome: 'refused', answers: outcome.answers };
    if (outcome.outcome === 'waiting') {
      const said = outcome.reasons.map(({ from, reason }) => `${from} ${reason}`);
      const answered = outcome.answers.map(({ from, answer }) => `${from} answers ${answer.verdict}`);
      return { outcome: 'waiting', waitsFor: ['t partials', ...answered, ...said].join('; ') };
    }
    const { keyId, ySeal, w, partials } = outcome;
    const sealedW = this.keys.ring.sealJson(combinedPlace(grantId), { w });
    const { decision } = await this.transfers.raise(row.id, { type: 'released' }, noFacts(), {
      released: { keyId, ySeal, sealedW, partials },
    });
    this.proofs.delete(grantId);
    return decision ? { outcome: 'released' } : { outcome: 'waiting', waitsFor: 'the grant is being closed' };
  }

  /** All that records needs to fetch and open; null before the release and once the grant is over. */
  async released(grantId: string): Promise<ReleasedAnswer> {
    const row = await this.transfers.findByGrant(grantId, 'B');
    if (!row?.released || !row.capsule || !row.commitment || !released.includes(row.state)) return null;
    const home = hospitalOfChain(this.consortium.current(), row.homeUid);
    const { request } = await this.requests.opened(row.id);
    const { w } = parse(Combined, this.keys.ring.openJson(combinedPlace(grantId), row.released.sealedW), 'combined');
    return {
      homeUid: row.homeUid,
      grant: row.grant,
      capsule: row.capsule,
      keyId: row.released.keyId as Hex,
      ySeal: row.released.ySeal as Hex,
      w: w as Hex,
      partials: row.released.partials,
      exchangeUrl: home.exchangeUrl,
      commitment: row.commitment,
      departmentId: request.department.id,
    };
  }

  /** Records has logged the opening: the row says so. Repeatable. */
  async opened(grantId: string): Promise<{ state: TransferState }> {
    const row = await this.transfers.byGrant(grantId, 'B');
    const { row: after } = await this.transfers.raise(row.id, { type: 'opened' }, noFacts());
    return { state: after.state };
  }

  /** B ends the grant itself, by q's signature. @throws AppError `unknown-grant`, `department-denied`, `clinician-refused`, `grant-over` */
  async giveBack(grantId: Hex, caller: Principal): Promise<RevocationAnswer> {
    const row = await this.transfers.byGrant(grantId, 'B');
    const departmentId = await this.departmentOf(row);
    const actor = await this.actors.toEndFor(caller, departmentId);
    if (row.state === 'closed') throw conflict('grant-over', 'this grant is over');
    const { homeUid, grant } = row;
    await this.changes.tell({
      type: events.giveBackAsked,
      correlation: grantId,
      details: { ...actor, grantId, departmentId },
    });
    const { signature } = await this.bus.ask('identity.sign', SignQuery, SignQueryAnswer, {
      kind: 'give-back',
      homeUid,
      grant,
    });
    const statement = { kind: 'give-back', grantId, homeUid, signature, grant } as const;
    return this.revocations.take(statement, 'own backend');
  }

  /** The department that the patient consented to. */
  private async departmentOf(row: HeldRow): Promise<string> {
    const { request } = await this.requests.opened(row.id);
    return request.department.id;
  }

  /** DLEQ(open; ...) by identity, which holds q; asks again if an earlier try failed. */
  private proofOfQ({ grantId, grant }: HeldRow): Promise<z.infer<typeof ProveAnswer>> {
    const known = this.proofs.get(grantId);
    if (known) return known;
    const { recipientKey, ephemeralKey, viewTag } = grant;
    const query = { grantId, recipientKey, ephemeralKey, viewTag };
    const proof = this.bus.ask('identity.prove', ProveQuery, ProveAnswer, query);
    this.proofs.set(grantId, proof);
    proof.catch(() => this.proofs.delete(grantId));
    return proof;
  }
}

const Combined = z.object({ w: anyText });
