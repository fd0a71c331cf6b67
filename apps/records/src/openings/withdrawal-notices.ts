import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import { to0x } from '@cpds/crypto/bytes';
import { toAppError, unavailable } from '@cpds/errors';
import { events, SignWithdrawalAnswer, SignWithdrawalQuery, type Withdrawal } from '@cpds/messages';
import { Changes, told, unchanged } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import { HomeExchange } from './home-exchange.js';
import { HospitalDirectory } from './hospital-directory.js';

export abstract class WithdrawalNoticesOptions {
  /** Told of each notice that was not answered yet. */
  abstract readonly onError: (error: unknown) => void;
}

/** Longest pause between two tries of one notice, seconds. */
const restAtMostSec = 3_600;

interface Notice {
  readonly grant_id: Buffer;
  readonly copy: Withdrawal['copy'];
}

/**
 * Tells each hospital that holds a grant of a withdrawn record: stored with the withdrawal's end, signed by the bridge, and
 * sent until that hospital has answered. A repeated notice changes nothing there, so a crash only sends it again.
 */
@Injectable()
export class WithdrawalNotices {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly requests: BusRequests,
    private readonly directory: HospitalDirectory,
    private readonly exchange: HomeExchange,
    private readonly options: WithdrawalNoticesOptions,
  ) {}

  /** Sends what is due, the longest due first; each is put off before it is tried, for longer each time. */
  async workOff(stop: AbortSignal): Promise<void> {
    const due = (await this.unitOfWork.reader.query(
      'SELECT grant_id, copy FROM withdrawal_notice WHERE answered_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT 10',
    )) as Notice[];
    for (const notice of due) {
      if (stop.aborted) return;
      await this.unitOfWork.reader.query(
        `UPDATE withdrawal_notice SET tries = tries + 1,
                due_at = clock_timestamp() + least(2 ^ least(tries, 20), ${restAtMostSec}) * interval '1 second'
         WHERE grant_id = $1`,
        [notice.grant_id],
      );
      try {
        await this.send(notice);
      } catch (error) {
        this.options.onError(toAppError(error));
      }
    }
  }

  private async send({ grant_id, copy }: Notice): Promise<void> {
    const grantId = to0x(grant_id);
    const query = { grantId, copy };
    const signed = await this.requests.ask('bridge.sign-withdrawal', SignWithdrawalQuery, SignWithdrawalAnswer, query);
    if (!signed) throw unavailable('withdrawal-unsigned', 'the bridge has no row of the withdrawn grant');
    const url = await this.directory.exchangeUrlOf(signed.destinationUid);
    const answer = await this.exchange.withdraw(url, signed.withdrawal);
    await this.changes.commit(async (tx) => {
      // A wish to erase that came meanwhile is not answered by this.
      const [, answered] = (await tx.manager.query(
        'UPDATE withdrawal_notice SET answered_at = now() WHERE grant_id = $1 AND copy = $2 AND answered_at IS NULL',
        [grant_id, copy],
      )) as [unknown, number];
      if (answered === 0) return unchanged();
      const details = { by: 'service:records', grantId, asked: copy, copy: answer.copy };
      return told({ type: events.withdrawalAnswered, correlation: grantId, details });
    });
  }
}
