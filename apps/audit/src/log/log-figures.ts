import { Metrics } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import { AuditLog } from './log.service.js';

/** How long the log is, when it was last signed, and whether it stands still. */
@Injectable()
export class LogFigures {
  constructor(metrics: Metrics, unitOfWork: UnitOfWork, log: AuditLog) {
    const read = (column: string) => async () => {
      const [row] = (await unitOfWork.reader.query(`SELECT ${column} AS value FROM log`)) as [{ value: string }];
      return [{ value: Number(row.value) }];
    };
    metrics.gauge('cpds_log_entries', 'entries of the log', [], read('size'));
    metrics.gauge(
      'cpds_log_checkpoint_timestamp_seconds',
      'when the newest checkpoint was signed',
      [],
      read('extract(epoch FROM updated_at)'),
    );
    let isStill = false;
    log.standing.onStopped(() => (isStill = true));
    metrics.gauge(
      'cpds_log_stands_still',
      '1 when the log signs nothing more and waits for an operator',
      [],
      async () => [{ value: isStill ? 1 : 0 }],
    );
  }
}
