import { Injectable } from '@nestjs/common';
import { toAppError } from '@cpds/errors';
import { UnitOfWork, type Tx } from '@cpds/store';
import { RecordsService } from './records.service.js';

export abstract class ReEncryptionsOptions {
  /** Told of each record that could not be sealed anew yet. */
  abstract readonly onError: (error: unknown) => void;
}

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

  /** Works off the queue. A record that fails stays in it and is tried again at the next call. */
  async workOff(): Promise<void> {
    const open = (await this.unitOfWork.reader.query(
      'SELECT grant_id, commitment FROM re_encryption WHERE done_at IS NULL LIMIT 10',
    )) as { grant_id: Buffer; commitment: Buffer }[];
    for (const { grant_id, commitment } of open) {
      try {
        await this.records.reEncrypt(commitment, `0x${grant_id.toString('hex')}`, (tx) => this.done(tx, grant_id));
      } catch (error) {
        this.options.onError(toAppError(error));
      }
    }
  }

  private async done(tx: Tx, grantId: Buffer): Promise<void> {
    await tx.manager.query('UPDATE re_encryption SET done_at = now() WHERE grant_id = $1', [grantId]);
  }
}
