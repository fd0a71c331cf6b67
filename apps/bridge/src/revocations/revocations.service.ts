import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { invalid, parse, unavailable } from '@cpds/errors';
import {
  RevokeAnswer,
  RevokeBody,
  type Datagram,
  type Grant,
  type RevocationAnswer,
  type SignedAnswer,
  type Statement,
} from '@cpds/messages';
import { Changes, untold } from '@cpds/outbox';
import { Injectable } from '@nestjs/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Consortium, hospitalOfChain } from '../chains/consortium-view.js';
import { MessageKey, refusalOf } from '../datagrams/datagram.js';
import { DatagramsService } from '../datagrams/datagrams.service.js';
import { signAnswer } from '../signing/answers.js';
import type { DutyResult } from '../transfers/duties.js';
import { noFacts, nowSeconds } from '../transfers/facts.js';
import type { Role } from '../transfers/transfer.js';
import { heldRow, type TransferRow } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { checkStatement, grantOf } from './statement.js';

/** Latest accepted notAfter, in seconds from now: no request asks for longer, with a week for the request itself. */
const maxGrantSeconds = 40 * 86_400;

/** How long the caller of `POST /revocations` waits for the others' signed answers, milliseconds. */
const forwardWaitMs = 3_000;

export abstract class RevocationsOptions {
  /** Roles whose rows this process keeps: A and B for a hospital. */
  abstract readonly roles: readonly Role[];
}

/**
 * Revoke and give-back statements: every bridge, in every role, takes them from anyone, acts at once, answers signed
 * and passes them on to A, B and all storemen. From the commit on this node releases, serves and signs nothing for the
 * grant (invariant I7).
 */
@Injectable()
export class RevocationsService {
  /** A patient's wallet sends one statement, a gateway in front of many a few a second: 100 in ten seconds of one address. */
  private readonly limiter = new RateLimiterMemory({ points: 100, duration: 10 });
  /** Places addresses where whoever sends cannot foresee: nobody can share a counter with a patient on purpose. */
  private readonly counterSecret = randomBytes(32);

  constructor(
    private readonly changes: Changes,
    private readonly transfers: TransfersService,
    private readonly datagrams: DatagramsService,
    private readonly consortium: Consortium,
    private readonly messageKey: MessageKey,
    private readonly options: RevocationsOptions,
  ) {}

  /**
   * Takes a statement from anyone over HTTP and returns this node's signed answer with those of the others that came in
   * time; the rest is passed on until they answer.
   *
   * @param caller address the statement came from
   * @throws AppError `unknown-grant`, `other-grant`, `bad-statement`, `other-hospital`, `too-many-statements`
   */
  async take(statement: Statement, caller: string): Promise<RevocationAnswer> {
    const { consumedPoints, msBeforeNext } = await this.limiter.penalty(this.counterOf(caller));
    if (consumedPoints > this.limiter.points)
      throw unavailable('too-many-statements', 'too many statements from this address', {
        status: 429,
        retryAfterSec: Math.ceil(msBeforeNext / 1_000),
      });
    const answer = await this.accept(statement, true);
    const row = await this.transfers.byGrant(statement.grantId);
    const full = { ...statement, grant: row.grant };
    const forwarded = await Promise.all(this.others(row).map((to) => this.askOnce(to, full)));
    return { from: this.consortium.self, answer, forwarded: forwarded.filter((one) => one !== null) };
  }

  /** Takes a statement that another party passes on. */
  async receive(received: Datagram): Promise<{ answer: SignedAnswer }> {
    const { statement } = parse(RevokeBody, received.body, 'revoke');
    return { answer: await this.accept(statement, false) };
  }

  /** Ends the re-sending: a party that answers has the statement, also if it refuses it. */
  async answered(answer: Datagram): Promise<void> {
    if (!refusalOf(answer)) parse(RevokeAnswer, answer.body, 'revoke answer');
  }

  private async accept(statement: Statement, forwards: boolean): Promise<SignedAnswer> {
    const known = await this.transfers.findByGrant(statement.grantId);
    const grant = grantOf(statement, known?.grant ?? null);
    checkStatement(statement, grant);
    const row = known ?? (await this.remember(statement, grant));
    await this.transfers.raise(row.id, { type: 'statement', kind: statement.kind }, noFacts(), {
      statement: { ...statement, grant },
      forwards,
    });
    return signAnswer(this.consortium.current().hub.chainUid, this.messageKey, {
      grantId: statement.grantId,
      action: 'revoke',
      verdict: 'revoked',
    });
  }

  /** A grant first heard of by its revoke: stored as if its lock were awaited, so that the statement closes it. */
  private async remember(statement: Statement, grant: Grant): Promise<TransferRow> {
    if (statement.kind !== 'revoke')
      throw invalid('unknown-grant', 'grantId', 'a grant that is not known here cannot be given back');
    const view = this.consortium.current();
    const home = hospitalOfChain(view, statement.homeUid);
    const destination = hospitalOfChain(view, grant.destinationUid);
    if (!home.lockedAccounts.includes(grant.lockedAccount))
      throw invalid('other-grant', 'grant.lockedAccount', 'grant.lockedAccount is not registered for its chain');
    if (!destination.allMappedDeeds.includes(grant.mappedDeeds))
      throw invalid('other-grant', 'grant.mappedDeeds', 'grant.mappedDeeds is not registered for its chain');
    checkBounds(grant);
    const role = this.roleIn(home.party, destination.party);
    return this.changes.commit(async (tx) => {
      const row = await this.transfers.insert(tx, {
        id: randomUUID(),
        role,
        state: 'consented',
        grantId: statement.grantId,
        grant,
        home: home.party,
        destination: destination.party,
        homeUid: home.chainUid,
        destinationUid: destination.chainUid,
        requestExpires: String(grant.notAfter),
      });
      return untold('the statement that closes the row is told of next', row);
    });
  }

  private roleIn(home: string, destination: string): Role {
    const { roles } = this.options;
    const [first] = roles;
    if (first && !roles.includes('A')) return first;
    if (home === this.consortium.self) return 'A';
    if (destination === this.consortium.self) return 'B';
    throw invalid(
      'other-hospital',
      'grant',
      'this grant is of two other hospitals: send it to one of them or a storeman',
    );
  }

  /** Standing duty of a row that holds a statement: sends it to everybody who could act on the grant until they answer. */
  async forward(row: TransferRow): Promise<DutyResult> {
    if (!row.statement) return { done: true };
    const { grant } = heldRow(row);
    const statement = { ...row.statement, grant };
    await this.changes.commit(async (tx) => {
      for (const to of this.others(row))
        await this.datagrams.send(tx, {
          to,
          kind: 'revoke',
          grantId: statement.grantId,
          body: { statement },
          deadline: grant.notAfter,
        });
      return untold('the statement was told of when it was taken');
    });
    return { done: true };
  }

  /** One of 65 536 counters: the library forgets a counter after its time, and holds as many as there are keys until then. */
  private counterOf(caller: string): number {
    return createHmac('sha256', this.counterSecret).update(caller).digest().readUInt16BE();
  }

  private others(row: TransferRow): string[] {
    const storemen = this.consortium.current().storemen.map((storeman) => storeman.party);
    return [...new Set([row.home, row.destination, ...storemen])].filter((party) => party !== this.consortium.self);
  }

  private async askOnce(to: string, statement: Statement) {
    try {
      const body = { statement };
      const answer = await this.datagrams.ask({ to, kind: 'revoke', grantId: statement.grantId, body }, forwardWaitMs);
      return { from: to, answer: parse(RevokeAnswer, answer.body, 'revoke answer').answer };
    } catch {
      return null; // the standing duty sends it again to a party that does not answer now
    }
  }
}

/** Refuses a grant that would never end: a grant first heard of by its revoke is kept until it ends, and no wallet makes such a one. */
function checkBounds({ lockBefore, mintBefore, notAfter }: Grant): void {
  if (notAfter > nowSeconds() + maxGrantSeconds)
    throw invalid('other-grant', 'grant.notAfter', 'grant.notAfter is further away than any grant may last');
  if (lockBefore > mintBefore || mintBefore > notAfter)
    throw invalid('other-grant', 'grant.lockBefore', 'grant.lockBefore, mintBefore and notAfter are not in order');
}
