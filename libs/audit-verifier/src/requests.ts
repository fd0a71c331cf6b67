/** Asks logs and nodes over HTTP, again where that may help, so that a busy server is not taken for a missing one. */

/** The platform's fetch, or that of a test. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** Why there is no answer: nobody gave one, or whoever asks may not have it. Neither says anything against a log. */
export type Silence = 'unreachable' | 'unauthorised';

/** A request that ended without an answer that could be judged. */
export class NoAnswer extends Error {
  constructor(
    readonly silence: Silence,
    message: string,
    /** HTTP status of the last answer; omit if there was none */
    readonly status?: number,
  ) {
    super(message);
    this.name = 'NoAnswer';
  }
}

/** Waits so many milliseconds, or does as if, in a test. */
export type Pause = (ms: number) => Promise<void>;

/** Attempts of one request, the first included. */
const attempts = 5;

/** Milliseconds before the second attempt where the server names none; doubled with each. */
const firstWaitMs = 500;

/** The longest wait between attempts in milliseconds, whatever `Retry-After` says. */
const longestWaitMs = 30_000;

/** Milliseconds for one attempt, its body included. */
const attemptMs = 60_000;

export class Requests {
  constructor(
    private readonly fetch: Fetch,
    private readonly pause: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  ) {}

  /**
   * Sends a request and returns the answer with its body read; any status but 401, 403, 429 and 5xx. Asks again, five
   * times in all, after no answer, 429 and 5xx; waits as long as `Retry-After` says, 30 s at most, else from 0.5 s on
   * twice as long each time.
   *
   * @throws NoAnswer `unreachable` after the last attempt, `unauthorised` for 401 and 403
   */
  async send(url: string, init: RequestInit = {}): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.attempt(url, init);
      if (answer?.status === 401 || answer?.status === 403)
        throw new NoAnswer('unauthorised', `${url} answers ${answer.status}`, answer.status);
      if (answer !== null && answer.status !== 429 && answer.status < 500) return answer;
      if (attempt === attempts)
        throw answer === null
          ? new NoAnswer('unreachable', `${url} does not answer`)
          : new NoAnswer('unreachable', `${url} answers ${answer.status}`, answer.status);
      await this.pause(waitMs(attempt, answer?.retryAfter ?? null, Date.now()));
    }
  }

  /** Null when there is no answer, or when it breaks off. */
  private async attempt(url: string, init: RequestInit): Promise<(Answer & { retryAfter: string | null }) | null> {
    // As a method of this object a browser's own fetch refuses: "Illegal invocation".
    const { fetch } = this;
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(attemptMs) });
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, ok: response.ok, bytes, retryAfter: response.headers.get('retry-after') };
    } catch {
      return null;
    }
  }
}

/** An answer whose body was read. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly bytes: Uint8Array;
}

/** Milliseconds to wait after the `attempt`th attempt. `retryAfter` is the header: seconds or a date (RFC 9110 §10.2.3). */
export function waitMs(attempt: number, retryAfter: string | null, nowMs: number): number {
  const askedMs =
    retryAfter === null
      ? NaN
      : /^\d+$/.test(retryAfter.trim())
        ? Number(retryAfter) * 1_000
        : Date.parse(retryAfter) - nowMs;
  return Math.min(longestWaitMs, Number.isNaN(askedMs) ? firstWaitMs * 2 ** (attempt - 1) : Math.max(0, askedMs));
}
