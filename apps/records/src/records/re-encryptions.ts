import { Injectable } from '@nestjs/common';
import { toAppError } from '@cpds/errors';
import { UnitOfWork, type Tx } from '@cpds/store';
import { RecordsService } from './records.service.js';

export abstract class ReEncryptionsOptions {
  /** Told of each record that could not be sealed anew yet. */
  abstract readonly onError: (error: unknown) => void;
}

/** Longest pause between two tries of one record, seconds. */
const restAtMostSec = 3_600;
/** How long a fulfilled wish is kept, days: the inbox knows a repeated event for fewer. */
const keptDays = 30;

/** Records to seal anew because a key of theirs may have left: stored wishes, worked off one by one. */
@Injectable()
export class ReEncryptions {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly records: RecordsService,
    private readonly options: ReEncryptionsOptions,
  ) {}

  /** Enqueues a record, once per grant. */
  async request(tx: Tx, grantId: Buffer, commitment: Buffer): Promise<void> {
    await tx.manager.query('INSERT INTO re_encryption (grant_id, commitment) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      grantId,
      commitment,
    ]);
  }

  /**
   * Works off the wishes that are due, the longest due first. Each is put off before it is tried, for longer each time:
   * one that fails, or that ends this process, is behind all others at the next try.
   */
  async workOff(stop: AbortSignal): Promise<void> {
    const due = (await this.unitOfWork.reader.query(
      'SELECT grant_id, commitment FROM re_encryption WHERE done_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT 10',
    )) as { grant_id: Buffer; commitment: Buffer }[];
    for (const { grant_id, commitment } of due) {
      if (stop.aborted) return;
      await this.unitOfWork.reader.query(
        `UPDATE re_encryption SET tries = tries + 1,
                due_at = clock_timestamp() + least(2 ^ least(tries, 20), ${restAtMostSec}) * interval '1 second'
         WHERE grant_id = $1`,
        [grant_id],
      );
      try {
        await this.records.reEncrypt(commitment, `0x${grant_id.toString('hex')}`, (tx) => this.done(tx, grant_id));
      } catch (error) {
        this.options.onError(toAppError(error));
      }
    }
  }

  /** Forgets wishes that were fulfilled longer ago than any event is repeated. */
  async prune(): Promise<void> {
    await this.unitOfWork.reader.query(
      `DELETE FROM re_encryption WHERE done_at < now() - make_interval(days => ${keptDays})`,
    );
  }

  private async done(tx: Tx, grantId: Buffer): Promise<void> {
    await tx.manager.query('UPDATE re_encryption SET done_at = now() WHERE grant_id = $1', [grantId]);
  }
}
