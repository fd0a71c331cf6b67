import type {
  AuthorizeFetchAnswer,
  CheckWithdrawalAnswer,
  GrantQueryAnswer,
  Hex,
  MayServeAnswer,
  SignedPartial,
  SignWithdrawalAnswer,
  Withdrawal,
} from '@cpds/messages';
import { Injectable } from '@nestjs/common';
import { Consortium, groupOf, hospitalOfChain } from '../chains/consortium-view.js';
import { MessageKey } from '../datagrams/datagram.js';
import { partialFault, type ReleaseSubject } from '../release/partials.js';
import { RequestsService } from '../requests/requests.service.js';
import { signAnswer } from '../signing/answers.js';
import { earliestClock, factsQuery, FactsReader, noFacts, type Facts } from '../transfers/facts.js';
import { stopOf, type HeldRow } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { isWithdrawalOf, signWithdrawal } from './withdrawal.js';

const closed: readonly string[] = ['revoked', 'given-back', 'void'];

/** Decides what A's exchange endpoint may hand out, and for how long: the chain's and the storemen's part of "Fetch" (section 7). */
@Injectable()
export class ServingService {
  constructor(
    private readonly transfers: TransfersService,
    private readonly requests: RequestsService,
    private readonly facts: FactsReader,
    private readonly consortium: Consortium,
    private readonly messageKey: MessageKey,
  ) {}

  /** Whether more bytes may leave for this grant. A chain that cannot be relied on allows nothing. */
  async mayServe(grantId: string): Promise<MayServeAnswer> {
    const asked = await this.transfers.findByGrant(grantId);
    if (!asked) return { ok: false, reason: 'unknown' };
    const facts = await this.facts.gather(factsQuery(asked));
    // The row is read after the chains: a statement that came meanwhile forbids.
    const row = await this.transfers.byGrant(grantId, asked.role);
    const no = forbids(row, facts);
    if (no) return { ok: false, reason: no === 'halted' ? 'unavailable' : no };
    // B serves what it opened from its own copy; A needs its own lock to stand
    if (row.role === 'B') return facts.destination ? { ok: true } : { ok: false, reason: 'unavailable' };
    return isLocked(facts) ? { ok: true } : { ok: false, reason: 'unavailable' };
  }

  /** Whether a grant of this deed is open here: its object is still to be served. */
  isInUse(commitment: string): Promise<boolean> {
    return this.transfers.hasOpen(commitment);
  }

  /** Grants of this deed that are open here. */
  openGrants(commitment: string): Promise<Hex[]> {
    return this.transfers.openGrants(commitment);
  }

  /** Signs that the record of a grant from here was withdrawn. Records alone may ask, which holds the record. */
  async signWithdrawal(query: { grantId: string; copy: Withdrawal['copy'] }): Promise<SignWithdrawalAnswer> {
    const row = await this.transfers.findByGrant(query.grantId, 'A');
    if (!row) return null;
    const unsigned = { grantId: row.grantId, copy: query.copy };
    const withdrawal = signWithdrawal(this.consortium.current().hub.chainUid, this.messageKey, unsigned);
    return { withdrawal, destinationUid: row.grant.destinationUid };
  }

  /** Whether the home hospital of a grant to this one signed its withdrawal. */
  async checkWithdrawal(withdrawal: Withdrawal): Promise<CheckWithdrawalAnswer> {
    const row = await this.transfers.findByGrant(withdrawal.grantId, 'B');
    if (!row) return { outcome: 'unknown-grant' };
    const view = this.consortium.current();
    const { messageKey } = hospitalOfChain(view, row.homeUid);
    if (!isWithdrawalOf(view.hub.chainUid, messageKey, withdrawal)) return { outcome: 'not-signed' };
    return { outcome: row.state === 'closed' ? 'ended' : 'open' };
  }

  /**
   * Whether t storemen of the current epoch saw the mapping final and nothing forbids: checked in the protocol's order,
   * no-facts first. A valid set of partials also tells A that the grant was mapped.
   */
  async authorizeFetch(grantId: string, partials: readonly SignedPartial[]): Promise<AuthorizeFetchAnswer> {
    const row = await this.transfers.findByGrant(grantId, 'A');
    if (!row?.capsule || !row.commitment)
      return { outcome: 'refused', field: 'fetch.grantId', reason: 'no such grant is known here' };
    const facts = await this.facts.gather(factsQuery(row));
    const no = forbids(row, facts);
    if (no) return this.stopped(row.grantId, no);
    if (!facts.home) return { outcome: 'unavailable', reason: 'the own chain cannot be relied on just now' };
    if (!isLocked(facts))
      return { outcome: 'refused', field: 'fetch.grantId', reason: 'nothing is locked for this grant' };
    const fault = this.faultIn(
      row.homeUid,
      { grantId: row.grantId, grant: row.grant, capsule: row.capsule },
      facts,
      partials,
    );
    if (fault) return { outcome: 'refused', field: 'partials', reason: fault };
    // The row as this transaction locks it: a statement that came since the first reading forbids.
    const { row: now } = await this.transfers.raise(row.id, { type: 'seen-mapped' }, noFacts());
    const stop = stopOf(now);
    if (stop) return this.stopped(row.grantId, stop);
    return { outcome: 'allowed', commitment: row.commitment };
  }

  /** The grant's values with which A first checks a Fetch, and of which B makes one. */
  async grant(grantId: string): Promise<GrantQueryAnswer> {
    const row = (await this.transfers.findByGrant(grantId, 'A')) ?? (await this.transfers.findByGrant(grantId, 'B'));
    if (!row?.commitment) return null;
    const { row: asked } = await this.requests.opened(row.id);
    return {
      homeUid: row.homeUid,
      grant: row.grant,
      commitment: row.commitment,
      patientId: asked.patientId,
      departmentId: row.role === 'B' ? asked.departmentId : null,
    };
  }

  private faultIn(
    homeUid: Hex,
    subject: ReleaseSubject,
    facts: Facts,
    partials: readonly SignedPartial[],
  ): string | null {
    const view = this.consortium.current();
    const group = groupOf(view, hospitalOfChain(view, homeUid).sealKeyId);
    if (new Set(partials.map(({ index }) => index)).size !== partials.length) return 'partials of one member repeat';
    if (partials.length < group.threshold) return `${group.threshold} partials are needed, ${partials.length} came`;
    for (const partial of partials) {
      const member = group.members.find(({ index }) => index === partial.index);
      if (!member) return `partial ${partial.index} is of no member`;
      const fault = partialFault(view.hub.chainUid, group, member, subject, partial);
      if (fault) return `${member.party}: ${fault}`;
      if (partial.lockBlock !== facts.home?.written?.block.hash) return `${member.party} saw the lock in another block`;
    }
    return null;
  }

  private stopped(grantId: Hex, verdict: 'revoked' | 'expired' | 'halted'): AuthorizeFetchAnswer {
    if (verdict === 'halted') return { outcome: 'unavailable', reason: 'this transfer is halted' };
    const hubUid = this.consortium.current().hub.chainUid;
    return { outcome: verdict, answer: signAnswer(hubUid, this.messageKey, { grantId, action: 'release', verdict }) };
  }
}

/** A fact that forbids, from the first statement or block that shows it (invariant I7). */
function forbids(row: HeldRow, facts: Facts): 'revoked' | 'expired' | 'halted' | null {
  const { home, destination } = facts;
  const seen = [home?.head.status, home?.final.status, destination?.head.status, destination?.final.status];
  const stop = stopOf(row);
  if (stop === 'revoked' || seen.some((status) => closed.includes(status ?? ''))) return 'revoked';
  if (row.closeReason === 'expired' || earliestClock(facts) >= row.grant.notAfter) return 'expired';
  return stop;
}

const isLocked = (facts: Facts): boolean =>
  facts.home?.final.status === 'locked' && facts.home.head.status === 'locked';
