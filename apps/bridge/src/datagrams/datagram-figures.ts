import { Metrics } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';

/** What other parties have not answered. */
@Injectable()
export class DatagramFigures {
  constructor(metrics: Metrics, unitOfWork: UnitOfWork) {
    const byRecipient = (column: string) => async () => {
      const rows = (await unitOfWork.reader.query(
        `SELECT recipient, ${column} AS value FROM outgoing_datagram WHERE state = 'open' GROUP BY recipient`,
      )) as { recipient: string; value: string }[];
      return rows.map(({ recipient, value }) => ({ labels: { recipient }, value: Number(value) }));
    };
    metrics.gauge(
      'cpds_datagrams_open',
      'datagrams that a party has not answered yet',
      ['recipient'],
      byRecipient('count(*)'),
    );
    metrics.gauge(
      'cpds_datagram_attempts_max',
      'how often one of these was sent, at most',
      ['recipient'],
      byRecipient('max(attempts)'),
    );
  }
}
