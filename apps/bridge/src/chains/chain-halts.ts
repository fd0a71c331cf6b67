import { randomUUID } from 'node:crypto';
import { events, type Actor } from '@cpds/messages';
import { Changes } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import { noFacts } from '../transfers/facts.js';
import { TransfersService } from '../transfers/transfers.service.js';

/** Halts and resumes the transfers of a chain that contradicted itself (protocol section 7, Halted). */
@Injectable()
export class ChainHalts {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly transfers: TransfersService,
    private readonly changes: Changes,
  ) {}

  /** Halts every open transfer that touches the chain; one that is halted already stays so. */
  async halt(chainUid: string): Promise<void> {
    for (const id of await this.rows(chainUid, `state NOT IN ('requested', 'closed', 'halted')`))
      await this.transfers.raise(id, { type: 'equivocation' }, noFacts());
  }

  /** Says who accepts a chain's history as it is now, before anything goes on from it. */
  async accepted(chainUid: string, actor: Actor): Promise<void> {
    const details = { ...actor, chainUid };
    await this.changes.tell({ type: events.historyAccepted, correlation: randomUUID(), details });
  }

  /** The operator accepted the new history: its transfers go on from what the chains say now. */
  async resume(chainUid: string): Promise<void> {
    for (const id of await this.rows(chainUid, `state = 'halted'`))
      await this.transfers.raise(id, { type: 'resume' }, noFacts());
  }

  private async rows(chainUid: string, condition: string): Promise<string[]> {
    const rows = (await this.unitOfWork.reader.query(
      `SELECT id FROM transfer WHERE (home_uid = $1 OR destination_uid = $1) AND ${condition}`,
      [chainUid],
    )) as { id: string }[];
    return rows.map((row) => row.id);
  }
}
