import { Metrics } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';

/** How this member's key ceremonies ended. */
@Injectable()
export class CeremonyFigures {
  constructor(metrics: Metrics, unitOfWork: UnitOfWork) {
    metrics.gauge(
      'cpds_ceremonies',
      'key ceremonies of this member, by purpose and state',
      ['purpose', 'state'],
      async () => {
        const rows = (await unitOfWork.reader.query(
          'SELECT purpose, state, count(*) AS value FROM ceremony GROUP BY purpose, state',
        )) as { purpose: string; state: string; value: string }[];
        return rows.map(({ purpose, state, value }) => ({ labels: { purpose, state }, value: Number(value) }));
      },
    );
  }
}
