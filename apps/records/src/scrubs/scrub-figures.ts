import { Metrics } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';

/** What an alarm is made of: objects that are damaged now, and when all were last looked at. */
@Injectable()
export class ScrubFigures {
  constructor(metrics: Metrics, unitOfWork: UnitOfWork) {
    const read = (sql: string) => async () => {
      const [{ value }] = (await unitOfWork.reader.query(sql)) as [{ value: string | null }];
      return [{ value: Number(value ?? 0) }];
    };
    metrics.gauge(
      'cpds_damaged_objects',
      'objects that are lost or altered',
      [],
      read('SELECT count(*) AS value FROM damaged_object'),
    );
    metrics.gauge(
      'cpds_scrub_ended_seconds',
      'when the last scrub ended; 0 before the first',
      [],
      read('SELECT extract(epoch FROM max(ended_at)) AS value FROM scrub'),
    );
  }
}
