import { Injectable } from '@nestjs/common';
import { type ConsumerMemory, eventStream, type Opened } from '@cpds/bus';
import { UnitOfWork } from '@cpds/store';

/**
 * Which stream and consumer audit has read last: the row that lets a start notice that they were lost while audit was away.
 * It is written once the loss is in the log, so a crash between them tells it twice and never not at all.
 */
@Injectable()
export class OpenedStream implements ConsumerMemory {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async read(): Promise<Opened | null> {
    const [row] = (await this.unitOfWork.reader.query(
      'SELECT stream_created AS stream, consumer_created AS consumer FROM opened_stream WHERE stream = $1',
      [eventStream],
    )) as Opened[];
    return row ?? null;
  }

  /** Knows of nothing earlier from now on. */
  async clear(): Promise<void> {
    await this.unitOfWork.run(({ manager }) => manager.query('DELETE FROM opened_stream'));
  }

  async write({ stream, consumer }: Opened): Promise<void> {
    await this.unitOfWork.run(({ manager }) =>
      manager.query(
        `INSERT INTO opened_stream (stream, stream_created, consumer_created) VALUES ($1, $2, $3)
         ON CONFLICT (stream) DO UPDATE SET
           stream_created = excluded.stream_created, consumer_created = excluded.consumer_created`,
        [eventStream, stream, consumer],
      ),
    );
  }
}
