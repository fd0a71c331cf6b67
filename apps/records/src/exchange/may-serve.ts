import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import { toAppError, unavailable } from '@cpds/errors';
import { MayServeAnswer, MayServeQuery } from '@cpds/messages';
import { GrantEnded } from './fetch.js';

/** Bytes between two questions. */
const everyBytes = 1024 * 1024;
/** Milliseconds to wait for an answer. */
const answerWithinMs = 1_000;

/** Asks the bridge whether a grant may still be served: a revoke stops a transfer that is under way (invariant I7). */
@Injectable()
export class MayServe {
  constructor(private readonly requests: BusRequests) {}

  /**
   * Returns when the answer is yes.
   *
   * @throws GrantEnded `revoked`, `expired` (410); AppError `may-serve-unknown` (unavailable) without an answer in 1 s
   */
  async check(grantId: string): Promise<void> {
    const answer = await this.ask(grantId);
    if (answer.ok) return;
    if (answer.reason === 'revoked' || answer.reason === 'expired') throw new GrantEnded(answer.reason);
    throw unavailable('may-serve-unknown', 'the bridge cannot say that this grant may be served', { retryAfterSec: 1 });
  }

  /** Passes `body` on and asks before the first byte and after each MiB; `ask` may look at more than the bridge does. */
  async *guarded(
    grantId: string,
    body: AsyncIterable<Uint8Array>,
    ask: () => Promise<void> = () => this.check(grantId),
  ): AsyncGenerator<Uint8Array> {
    await ask();
    let sinceAsked = 0;
    for await (const bytes of body) {
      if (sinceAsked >= everyBytes) {
        await ask();
        sinceAsked = 0;
      }
      yield bytes;
      sinceAsked += bytes.length;
    }
  }

  private async ask(grantId: string): Promise<MayServeAnswer> {
    try {
      return await this.requests.ask('bridge.may-serve', MayServeQuery, MayServeAnswer, { grantId }, answerWithinMs);
    } catch (cause) {
      const { code } = toAppError(cause);
      throw unavailable('may-serve-unknown', `the bridge does not say that this grant may be served (${code})`, {
        cause,
        retryAfterSec: 1,
      });
    }
  }
}
