import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import { to0x } from '@cpds/crypto/bytes';
import { DeedInUseAnswer, DeedInUseQuery, events, type Hex } from '@cpds/messages';
import { Changes, told, unchanged } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import { PendingObjects } from '../objects/pending-objects.js';

interface Retired {
  readonly id: string;
  readonly record_id: string;
  readonly commitment: Buffer;
}

/**
 * Removes the ciphertext of earlier sealings once no open grant names its deed, as the patient was promised at consent.
 * The rows stay, as the deed stays on its chain.
 */
@Injectable()
export class RetiredObjects {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly requests: BusRequests,
    private readonly pending: PendingObjects,
  ) {}

  /**
   * Asks about those that were not asked about for longest, and removes each that is not in use. An earlier deed takes no
   * new consent, so it is never in use again. Each is marked before it is asked about: one that stays in use, or about
   * which no answer comes, goes behind all others.
   */
  async workOff(stop: AbortSignal): Promise<void> {
    const retired = (await this.unitOfWork.reader.query(
      `SELECT id, record_id, commitment FROM object WHERE NOT is_current AND NOT is_kept AND removed_at IS NULL
       ORDER BY asked_at NULLS FIRST, stored_at LIMIT 100`,
    )) as Retired[];
    for (const object of retired) {
      if (stop.aborted) return;
      await this.unitOfWork.reader.query('UPDATE object SET asked_at = clock_timestamp() WHERE id = $1', [object.id]);
      const commitment = to0x(object.commitment);
      const { inUse } = await this.requests.ask('bridge.deed-in-use', DeedInUseQuery, DeedInUseAnswer, { commitment });
      if (!inUse) await this.remove(object, commitment);
    }
  }

  private async remove({ id, record_id }: Retired, commitment: Hex): Promise<void> {
    await this.changes.commit(async (tx) => {
      // A rotation of the age identity may have given it another name since it was looked up.
      const [[removed]] = (await tx.manager.query(
        'UPDATE object SET removed_at = now() WHERE id = $1 AND removed_at IS NULL RETURNING object_key',
        [id],
      )) as [{ object_key: string }[]];
      if (!removed) return unchanged();
      await this.pending.release(tx, removed.object_key);
      return told({
        type: events.objectRemoved,
        correlation: record_id,
        details: { recordId: record_id, objectId: id, commitment },
      });
    });
  }
}
