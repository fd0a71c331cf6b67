import { BusRequests } from '@cpds/bus';
import { fromHex, to0x, utf8 } from '@cpds/crypto/bytes';
import { pointFromHex } from '@cpds/crypto/curve';
import * as hpke from '@cpds/crypto/hpke';
import { expandRing, type RingStatement, type RingWitness } from '@cpds/crypto/ring';
import { grantId as grantIdOf } from '@cpds/contracts';
import { conflict, invalid, missing, parse, parseJson, toAppError, unavailable } from '@cpds/errors';
import {
  DeedAnswer,
  DeedQuery,
  EvidenceAnswer,
  EvidenceQuery,
  GrantAnswer,
  GrantBody,
  GrantPackage,
  ScanAnswer,
  ScanQuery,
  sealedBodyInfo,
  type Consent,
  type Datagram,
  type Hex,
  type ShareRequest,
} from '@cpds/messages';
import { Changes, untold } from '@cpds/outbox';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { BoundedMap } from '../bounded-map.js';
import { Consortium, groupOf, hospitalNamed, hospitalOfChain, type Hospital } from '../chains/consortium-view.js';
import { DeedEvidence } from '../chains/deed-evidence.js';
import { DatagramsService } from '../datagrams/datagrams.service.js';
import { NodeKeys, RequestsService } from '../requests/requests.service.js';
import type { DutyResult } from '../transfers/duties.js';
import { factsQuery, FactsReader, noFacts, type Facts } from '../transfers/facts.js';
import {
  checkCapsule,
  checkFitsRequest,
  checkNamed,
  checkOwnership,
  checkRing,
  checkTimes,
} from '../transfers/grant-checks.js';
import type { TransferRow } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { checkEnrolment } from './enrolment-evidence.js';

/** An opened grant package; its row's id is the request's. */
export const packagePlace = (id: string): string => `grant-package/${id}`;

/** Witnesses kept from consent until the lock is sent; what is gone is computed again. */
const maxWitnesses = 256;

/** Grants: consented to at A by a wallet, sent to B, accepted or refused there. */
@Injectable()
export class GrantsService {
  private readonly witnesses = new BoundedMap<string, RingWitness>(maxWitnesses);

  constructor(
    private readonly changes: Changes,
    private readonly transfers: TransfersService,
    private readonly requests: RequestsService,
    private readonly facts: FactsReader,
    private readonly consortium: Consortium,
    private readonly deeds: DeedEvidence,
    private readonly datagrams: DatagramsService,
    private readonly bus: BusRequests,
    private readonly keys: NodeKeys,
  ) {}

  /**
   * A takes the patient's consent: checks it against the request, the deed, the enrolment and its own chain, and stores
   * it. Repeating the same consent returns its grantId; another one for the same request is refused.
   *
   * @throws AppError `grant-refused` names the field; `unknown-request`, `request-over`, `enrolment-not-anchored`
   */
  async consent(requestId: string, patientId: string, consent: z.infer<typeof Consent>): Promise<Hex> {
    const { row: asked, request } = await this.requests.opened(requestId);
    if (asked.side !== 'received' || asked.patientId !== patientId)
      throw missing('unknown-request', 'no such request is known here', { field: 'requestId' });
    const view = this.consortium.current();
    const own = hospitalNamed(view, this.consortium.self);
    const grantId = grantIdOf(own.chainUid, consent.grant);
    const row = await this.transfers.findById(requestId);
    if (row?.grantId === grantId) return grantId;
    if (row?.state !== 'requested' || asked.denied || Number(row.requestExpires) <= Date.now() / 1000)
      throw conflict('request-over', 'this request is answered or expired');
    const { deed, evidence } = await this.patientSide(patientId, consent);
    const facts = await this.checkConsent(own, consent, request, deed, evidence.enrolment.spendingKey);
    const content: GrantPackage = {
      requestId,
      homeUid: own.chainUid,
      grant: consent.grant,
      capsule: consent.capsule,
      terms: consent.terms,
      salt: consent.salt,
      ownershipProof: consent.ownershipProof,
      enrolment: evidence,
      cohort: deed.cohort,
      commitment: deed.commitment,
    };
    const { decision } = await this.transfers.raise(requestId, { type: 'consent' }, facts, {
      grantId,
      grant: consent.grant,
      capsule: consent.capsule,
      ringSignature: consent.ringSignature,
      commitment: deed.commitment,
      sealedPackage: this.keys.ring.sealJson(packagePlace(requestId), content),
    });
    if (!decision) throw conflict('request-over', 'this request is answered or expired');
    return grantId;
  }

  /** The grant package of a row, opened. */
  packageOf(row: TransferRow): GrantPackage {
    if (!row.sealedPackage) throw missing('no-package', 'this row holds no grant package');
    return parse(GrantPackage, this.keys.ring.openJson(packagePlace(row.id), row.sealedPackage), 'grant package');
  }

  /** What LockedAccount checks a ring signature by: the one that checking the consent gave, or computed now. */
  witnessOf(grantId: string, ring: RingStatement, ringSignature: string): RingWitness {
    const kept = this.witnesses.get(grantId);
    this.witnesses.delete(grantId);
    return kept ?? expandRing(ring, fromHex(ringSignature, 'ringSignature'));
  }

  private async patientSide(patientId: string, consent: z.infer<typeof Consent>) {
    const x = to0x(fromHex(consent.ownershipProof.deedKey, 'ownershipProof.deedKey', 33).slice(1));
    const [deed, evidence] = await Promise.all([
      this.bus.ask('records.deed', DeedQuery, DeedAnswer, { x }),
      this.bus.ask('identity.enrolment-evidence', EvidenceQuery, EvidenceAnswer, { patientId }),
    ]);
    if (!deed || deed.patientId !== patientId || !deed.current)
      throw invalid(
        'grant-refused',
        'ownershipProof.deedKey',
        'ownershipProof.deedKey is no current deed of this patient',
      );
    if (!evidence) throw unavailable('enrolment-not-anchored', 'the enrolment is not anchored on the hub yet');
    return { deed, evidence };
  }

  private async checkConsent(
    own: Hospital,
    consent: z.infer<typeof Consent>,
    request: ShareRequest,
    deed: NonNullable<DeedAnswer>,
    enrolledKey: string,
  ): Promise<Facts> {
    const { grant } = consent;
    const view = this.consortium.current();
    const destination = hospitalOfChain(view, request.destinationUid);
    checkNamed(grant);
    if (grant.lockedAccount !== own.lockedAccount)
      throw invalid('grant-refused', 'grant.lockedAccount', 'grant.lockedAccount is not the current contract');
    checkFitsRequest(consent, request, deed.commitment);
    if (deed.category !== request.category)
      throw invalid('grant-refused', 'terms.provision.data', 'terms.provision.data is a record of another category');
    checkOwnership(own.chainUid, grant, consent.ownershipProof, { deedX: deed.x, enrolledKey });
    checkCapsule(own.chainUid, grant, consent.capsule, await this.sealingKey(own));
    const witness = checkRing(own.chainUid, grant, deed.xs, consent.ringSignature);
    const grantId = grantIdOf(own.chainUid, grant);
    const facts = await this.facts.gather(factsQuery({ role: 'A', grantId, homeUid: own.chainUid, grant }));
    if (!facts.home) throw unavailable('chain-unavailable', 'the own chain cannot be relied on just now');
    checkTimes(grant, facts.home.head.block.timestamp, { home: own.w, hub: view.hub.w, destination: destination.w });
    if (facts.home.tagUsed || facts.home.head.status !== 'none')
      throw conflict('tag-used', 'this deed is locked in this slot already', { field: 'grant.tag' });
    this.witnesses.set(grantId, witness);
    return facts;
  }

  /** A's standing duty while consented: the package goes to B until B answers or it is too late to lock. */
  async send(row: TransferRow): Promise<DutyResult> {
    const view = this.consortium.current();
    const destination = hospitalNamed(view, row.destination);
    const content = this.packageOf(row);
    const info = utf8(sealedBodyInfo('grant', this.consortium.self, destination.party));
    const key = fromHex(destination.hpkeKey, 'hpkeKey', 65);
    const sealed = await hpke.seal(key, info, utf8(JSON.stringify(content)));
    await this.changes.commit(async (tx) => {
      await this.datagrams.send(tx, {
        to: destination.party,
        kind: 'grant',
        grantId: row.grantId ?? row.id,
        body: { requestId: row.id, sealed: to0x(sealed) },
        deadline: content.grant.lockBefore,
      });
      return untold('the consent was told of; the answer will be');
    });
    return { done: false, waitsFor: `${destination.party} to accept the grant` };
  }

  /** A takes B's answer to the grant. */
  async answered(grantId: string, answer: Datagram): Promise<void> {
    const row = await this.transfers.findByGrant(grantId, 'A');
    if (!row) return;
    // a refusal of the datagram itself (a `refused` body) is B's refusal too
    const body = GrantAnswer.safeParse(answer.body);
    const accepted = body.success && body.data.outcome === 'accepted';
    await this.transfers.raise(row.id, { type: 'answer', accepted }, noFacts());
  }

  /** B checks A's grant against its own request; the answer is repeated for the same datagram. */
  async receive(received: Datagram): Promise<z.infer<typeof GrantAnswer>> {
    const body = parse(GrantBody, received.body, 'grant');
    const { row: asked, request } = await this.requests.opened(body.requestId);
    if (asked.side !== 'sent' || asked.counterparty !== received.from)
      throw missing('unknown-request', 'no such request was sent to this hospital', { field: 'requestId' });
    const info = utf8(sealedBodyInfo('grant', received.from, this.consortium.self));
    const opened = await hpke.open(this.keys.hpke, info, fromHex(body.sealed, 'sealed'));
    const content = parseJson(GrantPackage, opened, 'grant package');
    if (content.requestId !== body.requestId)
      throw invalid('grant-refused', 'requestId', 'requestId is not the one the package was made for');
    const grantId = grantIdOf(content.homeUid, content.grant);
    const row = await this.transfers.findById(body.requestId);
    if (row?.grantId === grantId) return { outcome: 'accepted' };
    try {
      await this.checkPackage(received.from, content, request);
    } catch (error) {
      const reason = toAppError(error);
      if (reason.kind !== 'invalid') throw error;
      await this.transfers.raise(body.requestId, { type: 'grant-refused' }, noFacts());
      return { outcome: 'refused', reason: reason.message.slice(0, 256) };
    }
    const { decision } = await this.transfers.raise(body.requestId, { type: 'grant' }, noFacts(), {
      grantId,
      grant: content.grant,
      capsule: content.capsule,
      commitment: content.commitment,
      sealedPackage: this.keys.ring.sealJson(packagePlace(body.requestId), content),
    });
    return decision ? { outcome: 'accepted' } : { outcome: 'refused', reason: 'the request is answered or expired' };
  }

  private async checkPackage(home: string, content: GrantPackage, request: ShareRequest): Promise<void> {
    const { grant, enrolment } = content;
    const hospital = hospitalNamed(this.consortium.current(), home);
    if (content.homeUid !== hospital.chainUid || grant.lockedAccount !== hospital.lockedAccount)
      throw invalid('grant-refused', 'homeUid', "homeUid or grant.lockedAccount is not the home hospital's");
    checkNamed(grant);
    checkFitsRequest(content, request, content.commitment);
    checkCapsule(content.homeUid, grant, content.capsule, await this.sealingKey(hospital));
    const anchor = checkEnrolment(enrolment, content.homeUid, home);
    const at = await this.deeds.anchoredAt(hospital.logAccount, anchor.origin, anchor.size, anchor.rootHex);
    if (at === null || at > request.period.start)
      throw invalid(
        'grant-refused',
        'enrolment.checkpoint',
        'enrolment.checkpoint was not anchored before the request',
      );
    const deedX = to0x(pointFromHex(content.ownershipProof.deedKey, 'deedKey').toBytes(true).slice(1));
    const cohort = await this.deeds.finalCohort(content.homeUid, content.cohort);
    const place = cohort?.xs.indexOf(deedX) ?? -1;
    if (!cohort || place < 0 || cohort.commitments[place] !== content.commitment)
      throw invalid('grant-refused', 'commitment', 'commitment is not that of a final deed of the home hospital');
    const { spendingKey } = enrolment.enrolment;
    checkOwnership(content.homeUid, grant, content.ownershipProof, { deedX, enrolledKey: spendingKey });
    const { departmentId } = await this.bus.ask('identity.scan', ScanQuery, ScanAnswer, {
      ephemeralKey: grant.ephemeralKey,
      viewTag: grant.viewTag,
      recipientKey: grant.recipientKey,
    });
    if (departmentId !== request.department.id)
      throw invalid('grant-refused', 'grant.recipientKey', 'grant.recipientKey is not a key of the asking department');
  }

  private async sealingKey(home: Hospital) {
    const group = groupOf(this.consortium.current(), home.sealKeyId);
    return { keyId: group.keyId, ySeal: group.y };
  }
}
