import { Metrics } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { Duty } from './duties.js';

/** How a try of a duty ends: what it was for is done, waits for something else, or it threw. */
export type DutyOutcome = 'done' | 'waits' | 'failed';

/** What is under way, how long it stands where it is, and what the duties come to. */
@Injectable()
export class TransferFigures {
  private readonly duties: Counter<'duty' | 'outcome'>;

  constructor(metrics: Metrics, unitOfWork: UnitOfWork) {
    this.duties = new Counter({
      name: 'cpds_duties_total',
      help: 'tries of the duties that transfers have',
      labelNames: ['duty', 'outcome'],
      registers: [metrics.registry],
    });
    const byState = (column: string) => async () => {
      const rows = (await unitOfWork.reader.query(
        `SELECT state, ${column} AS value FROM transfer WHERE state <> 'closed' GROUP BY state`,
      )) as { state: string; value: string }[];
      return rows.map(({ state, value }) => ({ labels: { state }, value: Number(value) }));
    };
    metrics.gauge('cpds_transfers', 'transfers that are not closed, by state', ['state'], byState('count(*)'));
    metrics.gauge(
      'cpds_transfer_oldest_seconds',
      'how long one of these is in its state, at most',
      ['state'],
      byState('extract(epoch FROM now() - min(entered_at))'),
    );
  }

  tried(duty: Duty, outcome: DutyOutcome): void {
    this.duties.inc({ duty, outcome });
  }
}
