import { createHmac, randomBytes } from 'node:crypto';
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
import { Loop } from '@cpds/store';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
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
import { CheckBudget } from './check-budget.js';
import { checkStatement, grantOf } from './statement.js';

/** Latest accepted notAfter, in seconds from now: no request asks for longer, with a week for the request itself. */
const maxGrantSeconds = 40 * 86_400;

/** Milliseconds between two deletions of what rests for grants that have ended. */
const forgetEveryMs = 3_600_000;

/** How long the caller of `POST /revocations` waits for the others' signed answers, milliseconds. */
const forwardWaitMs = 3_000;

export abstract class RevocationsOptions {
  /** Roles whose rows this process keeps: A and B for a hospital. */
  abstract readonly roles: readonly Role[];
  abstract readonly onError: (error: unknown) => void;
}

/**
 * Revoke and give-back statements: every bridge, in every role, takes them from anyone, acts at once, answers signed
 * and passes them on to A, B and all storemen. From the commit on this node releases, serves and signs nothing for the
 * grant (invariant I7).
 */
@Injectable()
export class RevocationsService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly budget = new CheckBudget();
  /** Statements that were refused, by address. One that has sent too many is looked at for grants that are known here only. */
  private readonly refused = new RateLimiterMemory({ points: 100, duration: 10 });
  /** Good statements by grant: repeated ones, which anybody may have heard, would be passed on each time. */
  private readonly taken = new RateLimiterMemory({ points: 20, duration: 10 });
  /** Places callers and grants where whoever sends cannot foresee: nobody can share a counter with a patient on purpose. */
  private readonly counterSecret = randomBytes(32);
  private readonly forgetting: Loop;

  constructor(
    private readonly changes: Changes,
    private readonly transfers: TransfersService,
    private readonly datagrams: DatagramsService,
    private readonly consortium: Consortium,
    private readonly messageKey: MessageKey,
    private readonly options: RevocationsOptions,
  ) {
    this.forgetting = new Loop({
      round: () => transfers.forgetEnded(nowSeconds()),
      everyMs: forgetEveryMs,
      onError: options.onError,
    });
  }

  onApplicationBootstrap(): void {
    this.forgetting.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.forgetting.stop();
  }

  /**
   * Takes a statement from anyone over HTTP and returns this node's signed answer with those of the others that came in
   * time; the rest is passed on until they answer.
   *
   * @param caller address the statement came from
   * @throws AppError `unknown-grant`, `other-grant`, `bad-statement`, `other-hospital`, `too-many-statements`,
   *   `no-room-to-rest`
   */
  async take(statement: Statement, caller: string): Promise<RevocationAnswer> {
    const found = await this.transfers.findByGrant(statement.grantId);
    await this.requireRoom(found, statement.grantId, caller);
    // Counted once it is known whose it is: what strangers send from a patient's address uses up nothing that a known grant needs.
    const checked = await this.check(statement, found).catch(async (error: unknown) => {
      await this.count(this.refused, caller);
      throw error;
    });
    await this.count(this.taken, statement.grantId);
    const { answer, full, passOnTo } = await this.accept(statement, checked, {
      sender: `address ${this.counterOf(caller)}`,
      forwards: true,
    });
    const forwarded = await Promise.all(passOnTo.map((to) => this.askOnce(to, full)));
    return { from: this.consortium.self, answer, forwarded: forwarded.filter((one) => one !== null) };
  }

  /** Takes a statement that another party passes on. */
  async receive(received: Datagram): Promise<{ answer: SignedAnswer }> {
    const { statement } = parse(RevokeBody, received.body, 'revoke');
    const checked = await this.check(statement, await this.transfers.findByGrant(statement.grantId));
    const { answer } = await this.accept(statement, checked, { sender: received.from, forwards: false });
    return { answer };
  }

  /** Ends the re-sending: a party that answers has the statement, also if it refuses it. */
  async answered(answer: Datagram): Promise<void> {
    if (!refusalOf(answer)) parse(RevokeAnswer, answer.body, 'revoke answer');
  }

  /** A statement's grant, once its signature is that of whoever may end it; changes nothing. @throws AppError, see `take` */
  private async check(statement: Statement, found: TransferRow | null): Promise<Checked> {
    const grant = grantOf(statement, found?.grant ?? null);
    checkStatement(statement, grant);
    return { found, grant, parties: found ?? this.partiesOf(statement, grant) };
  }

  /** Refuses a statement before it costs a check. @throws AppError `too-many-statements` (429) */
  private async requireRoom(found: TransferRow | null, grantId: string, caller: string): Promise<void> {
    const counter = this.counterOf(caller);
    const restMs = await this.restOf(counter);
    if (!found && restMs > 0) throw tooMany(restMs);
    const hasRoom = found
      ? await this.budget.takeKnown(this.counterOf(grantId), restMs > 0 ? counter : null)
      : this.budget.takeUnknown();
    if (!hasRoom) throw tooMany(1_000);
  }

  /** Milliseconds until an address that has sent too many bad statements is looked at as others are; 0 for others. */
  private async restOf(counter: number): Promise<number> {
    const refused = await this.refused.get(counter);
    return refused !== null && refused.consumedPoints >= this.refused.points ? Math.max(0, refused.msBeforeNext) : 0;
  }

  /** @throws AppError `too-many-statements` (429) beyond the limiter's points */
  private async count(limiter: RateLimiterMemory, whose: string): Promise<void> {
    const { consumedPoints, msBeforeNext } = await limiter.penalty(this.counterOf(whose));
    if (consumedPoints > limiter.points) throw tooMany(msBeforeNext);
  }

  /**
   * Acts on a statement once it is checked: by its grant's row, or by letting it rest while the grant is not known here.
   * One that rests is passed on when it is new here and never again: whoever invents grants gets one datagram a party.
   */
  private async accept(
    statement: Statement,
    { found, grant, parties }: Checked,
    from: { sender: string; forwards: boolean },
  ): Promise<Accepted> {
    const { known, isNew } = found ? { known: found, isNew: true } : await this.transfers.rest(statement, grant, from);
    const full = { ...statement, grant };
    if (known)
      await this.transfers.raise(known.id, { type: 'statement', kind: statement.kind }, noFacts(), {
        statement: full,
        forwards: from.forwards || isHospital(known),
      });
    const answer = signAnswer(this.consortium.current().hub.chainUid, this.messageKey, {
      grantId: statement.grantId,
      action: 'revoke',
      verdict: 'revoked',
    });
    return { answer, full, passOnTo: known || isNew ? this.others(parties) : [] };
  }

  /** The parties of a grant that is not known here, once it is one that could be. */
  private partiesOf(statement: Statement, grant: Grant): Pick<TransferRow, 'home' | 'destination'> {
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
    const parties = { home: home.party, destination: destination.party };
    const isHospital = this.options.roles.includes('A');
    if (isHospital && !Object.values(parties).includes(this.consortium.self))
      throw invalid(
        'other-hospital',
        'grant',
        'this grant is of two other hospitals: send it to one of them or a storeman',
      );
    return parties;
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
  private counterOf(whose: string): number {
    return createHmac('sha256', this.counterSecret).update(whose).digest().readUInt16BE();
  }

  private others(row: Pick<TransferRow, 'home' | 'destination'>): string[] {
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

/**
 * A and B pass on what concerns their grants, whoever brought it: a node that did not know the grant has told each party
 * once, and one that was away just then would not hear of it.
 */
function isHospital({ role }: TransferRow): boolean {
  return role === 'A' || role === 'B';
}

/** A statement that holds: its row, if there is one, its grant and the grant's hospitals. */
interface Checked {
  readonly found: TransferRow | null;
  readonly grant: Grant;
  readonly parties: Pick<TransferRow, 'home' | 'destination'>;
}

/** What became of a statement: this node's answer, and whom to pass the whole of it on to now. */
interface Accepted {
  readonly answer: SignedAnswer;
  readonly full: Statement & { grant: Grant };
  readonly passOnTo: readonly string[];
}

const tooMany = (msBeforeNext: number) =>
  unavailable('too-many-statements', 'too many statements from this address, for this grant, or in all', {
    status: 429,
    retryAfterSec: Math.ceil(msBeforeNext / 1_000),
  });

/** Refuses a grant that would never end: its revoke rests until it ends, and no wallet makes such a one. */
function checkBounds({ lockBefore, mintBefore, notAfter }: Grant): void {
  if (notAfter > nowSeconds() + maxGrantSeconds)
    throw invalid('other-grant', 'grant.notAfter', 'grant.notAfter is further away than any grant may last');
  if (lockBefore > mintBefore || mintBefore > notAfter)
    throw invalid('other-grant', 'grant.lockBefore', 'grant.lockBefore, mintBefore and notAfter are not in order');
}
