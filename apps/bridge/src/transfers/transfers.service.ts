import { events, type CloseReason, type Grant, type Hex, type Statement, type TransferState } from '@cpds/messages';
import { missing, unavailable } from '@cpds/errors';
import { Changes, told, unchanged, untold, type EventDraft, type Outcome } from '@cpds/outbox';
import { UnitOfWork, type Tx } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import { IsNull, Not, type EntityManager } from 'typeorm';
import { decide, type Decision, type TransferEvent } from './transfer.js';
import { firstLook, lookAfter, type GrantLog } from './look-times.js';
import { noFacts, type Facts } from './facts.js';
import { claim, forgetEnded, rest, rests } from './resting-statement.js';
import {
  heldRow,
  holdsGrant,
  snapshotOf,
  stopOf,
  TransferRow,
  type HeldRow,
  type TransferStep,
} from './transfer.row.js';

/** Most steps of a row. The table has no cycle but resume, and this bounds it. */
const maxSteps = 64;

/** How many parties a row names as culprits: more than any group has members. */
const maxCulprits = 64;

/** The content of a row when it is first stored. */
export type NewTransfer = Pick<
  TransferRow,
  'id' | 'role' | 'state' | 'home' | 'destination' | 'homeUid' | 'destinationUid'
> &
  Partial<TransferRow> & { requestExpires: string };

/** As much of a row that is due as says with which others it shares slots. */
export type DueRow = Pick<TransferRow, 'id' | 'role' | 'homeUid' | 'destinationUid'>;

/** Names the hospitals' chains that the row's role reads: A and V read the home chain only. */
export function chainsOf({ role, homeUid, destinationUid }: DueRow): string {
  return role === 'A' || role === 'V' ? homeUid : `${homeUid} ${destinationUid}`;
}

/** The row after an event, and the table's decision: null if it has no line for the event. */
export interface Raised {
  row: TransferRow;
  decision: Decision | null;
}

/**
 * The rows of the transfer table: stores them, moves them by `decide`, and tells of each step in the same transaction. Nothing else writes a row.
 */
@Injectable()
export class TransfersService {
  private readonly listeners: ((row: TransferRow, facts: Facts) => void)[] = [];

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
  ) {}

  /**
   * Stores a new row in the caller's transaction; the row of the same grant and role, or of the same id, wins. What is
   * told is the revoke that rested here for its grant, if there is one.
   */
  async insert(tx: Tx, draft: NewTransfer): Promise<Outcome<TransferRow>> {
    const earlier = await this.earlier(tx, draft);
    if (earlier) return unchanged(earlier);
    const now = new Date();
    const row = tx.manager.create(TransferRow, {
      grantId: null,
      closeReason: null,
      haltedFrom: null,
      steps: [{ state: draft.state, at: now.toISOString(), because: 'stored' }],
      culprits: [],
      enteredAt: now,
      checkAt: firstLook(draft.role, draft.state, now.getTime()),
      ...draft,
    });
    await tx.manager.save(TransferRow, row, { reload: false });
    const revoked = await this.revokeWhatRested(tx, row);
    tx.afterCommit(() => this.announce(row, noFacts()));
    return revoked ? told(revoked, row) : untold('whoever began the row tells of it', row);
  }

  /** Called after each committed change of a row, with the facts it was decided by: for wake-ups only. */
  onChange(listener: (row: TransferRow, facts: Facts) => void): void {
    this.listeners.push(listener);
  }

  /**
   * Lets `event` happen to row `id`: locks the row, asks the table, writes the new state with `patch` and appends its
   * event. Returns the row as it stands; null decision leaves everything but the patch's row untouched.
   *
   * @param patch what the event brings into the row (a signature, a statement); applied only if the table takes the event
   * @param facts for `facts` events; a message brings those it was checked by, or none
   */
  raise(id: string, event: TransferEvent, facts: Facts, patch: Partial<TransferRow> = {}): Promise<Raised> {
    return this.changes.commit((tx) => this.raiseWithin(tx, id, event, facts, patch));
  }

  /** `raise` in the caller's transaction, which tells of it. */
  async raiseWithin(
    tx: Tx,
    id: string,
    event: TransferEvent,
    facts: Facts,
    patch: Partial<TransferRow> = {},
  ): Promise<Outcome<Raised>> {
    const row = await this.locked(tx, id);
    const decision = decide({ ...snapshotOf(row), ...(patch.grant ? { grant: patch.grant } : {}) }, event, facts);
    if (decision === null) return unchanged({ row, decision });
    Object.assign(row, patch);
    step(row, decision, facts);
    await tx.manager.save(TransferRow, row);
    const earlier = toldOf(row, decision);
    const revoked = patch.grant ? await this.revokeWhatRested(tx, row) : null;
    tx.afterCommit(() => this.announce(row, facts));
    return told(revoked ? [earlier, revoked] : earlier, { row, decision });
  }

  /**
   * Throws if the row of the grant forbids what the caller is about to commit. What came before this transaction is in
   * the row that is read here; what comes meanwhile waits for its end (invariant I7).
   *
   * @throws AppError `grant-stopped` (unavailable)
   */
  async assertNotStopped(tx: Tx, grantId: string, role: TransferRow['role']): Promise<void> {
    await lockGrant(tx, grantId);
    const row = await tx.manager.findOne(TransferRow, {
      where: { grantId, role },
      lock: { mode: 'pessimistic_write' },
    });
    const stop = row ? stopOf(row) : (await rests(tx.manager, grantId)) && 'revoked';
    if (stop) throw unavailable('grant-stopped', `this grant is ${stop} here`);
  }

  /**
   * Lets a checked revoke of a grant that is not known here rest until the grant is known or ends. Returns the row if
   * the grant is known after all, and whether the statement is new here.
   *
   * @throws AppError `no-room-to-rest` (unavailable)
   */
  rest(
    statement: Statement,
    grant: Grant,
    from: { sender: string; forwards: boolean },
  ): Promise<{ known: TransferRow | null; isNew: boolean }> {
    const { grantId } = statement;
    return this.changes.commit<{ known: TransferRow | null; isNew: boolean }>(async (tx) => {
      await lockGrant(tx, grantId);
      const known = await tx.manager.findOneBy(TransferRow, { grantId });
      if (known || !(await rest(tx, statement, grant, from))) return unchanged({ known, isNew: false });
      const details = { grantId, state: 'resting', reason: 'revoked' };
      return told({ type: events.revokeReceived, correlation: grantId, details }, { known, isNew: true });
    });
  }

  /** Whether a revoke rests here for a grant that is not known yet. */
  restsRevoked(grantId: string): Promise<boolean> {
    return rests(this.unitOfWork.reader, grantId);
  }

  /** Deletes the statements that rest for grants that have ended. */
  forgetEnded(now: number): Promise<void> {
    return this.changes.commit(async (tx) => {
      await forgetEnded(tx, now);
      return untold('nothing can come of these grants any more');
    });
  }

  /** Closes a row whose revoke came before its grant, in the transaction from which on the grant is known; its event. */
  private async revokeWhatRested(tx: Tx, row: TransferRow): Promise<EventDraft | null> {
    if (!holdsGrant(row)) return null;
    await lockGrant(tx, row.grantId);
    const rested = await claim(tx, row.grantId, row.grant);
    const decision = rested && decide(snapshotOf(row), { type: 'statement', kind: rested.statement.kind }, noFacts());
    if (!decision) return null;
    Object.assign(row, rested);
    step(row, decision, noFacts());
    await tx.manager.save(TransferRow, row);
    return toldOf(row, decision);
  }

  /** Changes a row without a step: a counter, a culprit. */
  async amend(id: string, change: (row: TransferRow) => void): Promise<TransferRow> {
    return this.changes.commit(async (tx) => {
      const row = await this.locked(tx, id);
      change(row);
      await tx.manager.save(TransferRow, row);
      return untold('the row took no step', row);
    });
  }

  /** Notes in a row the members that lied, broke the protocol or were silent: each once, and without a step. */
  async blame(id: string, culprits: readonly string[]): Promise<void> {
    if (culprits.length === 0) return;
    await this.amend(id, (row) => {
      row.culprits = [...new Set([...row.culprits, ...culprits])].slice(0, maxCulprits);
    });
  }

  /**
   * Sets when the row is due next, null for never, and says whether it did: a row that has moved, or was made due while
   * it was looked at, keeps its own time.
   */
  async lookAgain(row: TransferRow, at: Date | null): Promise<boolean> {
    const [, count] = (await this.unitOfWork.reader.query(
      'UPDATE transfer SET check_at = $4 WHERE id = $1 AND state = $2 AND check_at = $3',
      [row.id, row.state, row.checkAt, at],
    )) as [unknown, number];
    return count === 1;
  }

  /** Puts a row that is due behind the others until then. */
  async postpone(id: string, at: Date): Promise<void> {
    await this.unitOfWork.reader.query('UPDATE transfer SET check_at = $2 WHERE id = $1 AND check_at < $2', [id, at]);
  }

  /**
   * Makes the open rows of a grant due for a log that concerns it; later if they only follow. With the manager of the
   * transaction that moves a follower's cursor no crash loses the look.
   */
  async lookFor(manager: EntityManager, grantId: string, log: GrantLog): Promise<void> {
    const now = Date.now();
    const rows = await manager.find(TransferRow, {
      select: { id: true, role: true },
      where: { grantId, checkAt: Not(IsNull()) },
    });
    for (const { id, role } of rows)
      // One that is due already may be in work from facts that are older than the log: the change tells `lookAgain`.
      await manager.query(
        `UPDATE transfer SET check_at = CASE
           WHEN check_at > $2 THEN $2
           WHEN check_at <= $3 THEN check_at + interval '1 millisecond'
           ELSE check_at END
         WHERE id = $1`,
        [id, lookAfter(role, log, now), new Date(now)],
      );
  }

  /** The row of a grant in this node. @throws AppError `unknown-grant` */
  async byGrant(grantId: string, role?: TransferRow['role']): Promise<HeldRow> {
    const row = await this.findByGrant(grantId, role);
    if (!row) throw missing('unknown-grant', `no grant ${grantId} is known here`, { field: 'grantId' });
    return row;
  }

  async findByGrant(grantId: string, role?: TransferRow['role']): Promise<HeldRow | null> {
    const row = await this.unitOfWork.reader.findOneBy(TransferRow, { grantId, ...(role ? { role } : {}) });
    return row && heldRow(row);
  }

  async findById(id: string): Promise<TransferRow | null> {
    return this.unitOfWork.reader.findOneBy(TransferRow, { id });
  }

  /** Whether a grant of the deed with this commitment is open, as its home hospital. */
  hasOpen(commitment: string): Promise<boolean> {
    return this.unitOfWork.reader.existsBy(TransferRow, { commitment, role: 'A', state: Not('closed') });
  }

  /** Grants of the deed with this commitment that are open at this hospital, its home. */
  async openGrants(commitment: string): Promise<Hex[]> {
    const rows = await this.unitOfWork.reader.findBy(TransferRow, { commitment, role: 'A', state: Not('closed') });
    return rows.flatMap(({ grantId }) => (grantId === null ? [] : [grantId as Hex]));
  }

  /**
   * Rows whose time to be looked at has come, oldest first; at most `limit`.
   *
   * @param busy rows that are in work, and the chains (`chainsOf`) that have no slot: they keep no other row back
   */
  async due(limit: number, busy: { ids: readonly string[]; chains: readonly string[] }): Promise<DueRow[]> {
    return (await this.unitOfWork.reader.query(
      `SELECT id, role, home_uid AS "homeUid", destination_uid AS "destinationUid" FROM transfer
       WHERE check_at <= $1 AND id <> ALL ($2::uuid[])
         AND CASE WHEN role IN ('A', 'V') THEN home_uid ELSE home_uid || ' ' || destination_uid END <> ALL ($3::text[])
       ORDER BY check_at LIMIT $4`,
      [new Date(), busy.ids, busy.chains, limit],
    )) as DueRow[];
  }

  private async locked(tx: Tx, id: string): Promise<TransferRow> {
    const row = await tx.manager.findOne(TransferRow, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (!row) throw missing('unknown-transfer', 'no such transfer is known here', { field: 'id' });
    return row;
  }

  private async earlier(tx: Tx, draft: NewTransfer): Promise<TransferRow | null> {
    const byId = await tx.manager.findOneBy(TransferRow, { id: draft.id });
    if (byId || !draft.grantId) return byId;
    return tx.manager.findOneBy(TransferRow, { grantId: draft.grantId, role: draft.role });
  }

  private announce(row: TransferRow, facts: Facts): void {
    for (const listener of this.listeners) listener(row, facts);
  }
}

/** Statements about a grant, and acts that one forbids, wait for each other, whether the grant has a row here or not. */
async function lockGrant(tx: Tx, grantId: string): Promise<void> {
  await tx.manager.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [grantId]);
}

function step(row: TransferRow, decision: Decision, facts: Facts): void {
  const now = new Date();
  if (decision.next === 'halted' && row.state !== 'halted') row.haltedFrom = row.state;
  if (decision.next !== 'halted') row.haltedFrom = null;
  row.wasMapped ||= decision.next === 'mapped' || facts.destination?.final.status === 'mapped';
  row.state = decision.next;
  row.closeReason = decision.closeReason ?? (decision.next === 'halted' ? row.closeReason : null);
  row.enteredAt = now;
  row.checkAt = firstLook(row.role, row.state, now.getTime());
  const next: TransferStep = { state: decision.next, at: now.toISOString(), because: decision.because };
  row.steps = [...row.steps, next].slice(-maxSteps);
}

/** The event that announces a row's arrival in a state. */
const eventByState: Record<Exclude<TransferState, 'closed'>, string> = {
  requested: events.requestReceived,
  consented: events.consented,
  'lock-sent': events.lockSent,
  locked: events.locked,
  vouched: events.vouched,
  'mint-sent': events.mintSent,
  mapped: events.mapped,
  released: events.released,
  opened: events.bridgeOpened,
  refunding: events.refunding,
  closing: events.revokeReceived,
  halted: events.halted,
};

const eventByClose: Partial<Record<CloseReason, string>> = {
  'not-granted': events.notGranted,
  refused: events.grantRefused,
};

/**
 * False only if it is certain that nothing was ever mapped (section 7, "What revoke cannot do"). A does not read the
 * destination's chain, so a grant that was locked and not refunded may have been mapped.
 */
function mayBeMapped(row: TransferRow): boolean {
  if (row.wasMapped || row.role !== 'A') return row.wasMapped;
  return row.closeReason !== 'refunded' && row.steps.some(({ state }) => state === 'locked');
}

function eventOf(row: TransferRow): string {
  if (row.state === 'closing' && row.closeReason === 'given-back') return events.giveBackReceived;
  if (row.state !== 'closed') return eventByState[row.state];
  return (row.closeReason && eventByClose[row.closeReason]) ?? events.transferClosed;
}

function toldOf(row: TransferRow, decision: Decision): EventDraft {
  return { type: eventOf(row), ...eventBody(row, decision) };
}

function eventBody(row: TransferRow, decision: Decision) {
  return {
    correlation: row.grantId ?? row.id,
    details: {
      grantId: row.grantId,
      role: row.role,
      state: row.state,
      reason: row.closeReason,
      because: decision.because,
      commitment: row.commitment,
      mapped: mayBeMapped(row),
    },
  };
}
