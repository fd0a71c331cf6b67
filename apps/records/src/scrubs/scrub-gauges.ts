import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '@cpds/store';
import { Gauge, type Registry } from 'prom-client';

export abstract class ScrubGaugesOptions {
  abstract readonly registry: Registry;
  abstract readonly onError: (error: unknown) => void;
}

/** What an alarm is made of: objects that are damaged now, and when all were last looked at. */
@Injectable()
export class ScrubGauges {
  constructor(unitOfWork: UnitOfWork, { registry, onError }: ScrubGaugesOptions) {
    const gauge = (name: string, help: string, sql: string): Gauge =>
      new Gauge({
        name,
        help,
        registers: [registry],
        async collect() {
          try {
            const [{ value }] = (await unitOfWork.reader.query(sql)) as [{ value: string | null }];
            this.set(Number(value ?? 0));
          } catch (error) {
            onError(error); // the other figures must still be answered
          }
        },
      });
    gauge('cpds_damaged_objects', 'objects that are lost or altered', 'SELECT count(*) AS value FROM damaged_object');
    gauge(
      'cpds_scrub_ended_seconds',
      'when the last scrub ended, Unix time; 0 before the first',
      'SELECT extract(epoch FROM max(ended_at)) AS value FROM scrub',
    );
  }
}
