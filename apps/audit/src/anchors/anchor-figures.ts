import { Metrics } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import { AnchorsOptions } from './anchors.service.js';

/** How much of the log each chain holds at finality, and since when. */
@Injectable()
export class AnchorFigures {
  constructor(metrics: Metrics, unitOfWork: UnitOfWork, { chains }: AnchorsOptions) {
    const newest = (column: string) => () =>
      Promise.all(
        chains.map(async (chain) => {
          const rows = (await unitOfWork.reader.query(
            `SELECT ${column} AS value FROM anchor WHERE chain = $1 AND state = 'final' ORDER BY size DESC LIMIT 1`,
            [chain],
          )) as { value: string }[];
          return { labels: { chain }, value: Number(rows[0]?.value ?? 0) };
        }),
      );
    metrics.gauge(
      'cpds_log_anchored_entries',
      'entries of the log that a final anchor on a chain covers',
      ['chain'],
      newest('size'),
    );
    metrics.gauge(
      'cpds_log_anchor_timestamp_seconds',
      'when the newest of them was seen; 0 without any',
      ['chain'],
      newest('extract(epoch FROM settled_at)'),
    );
  }
}
