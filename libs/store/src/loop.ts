import { assert } from '@cpds/errors';

/** What follows a round: the interval if nothing is returned; `again`, the next round at once; `done`, no further round. */
export type AfterRound = void | 'again' | 'done';

export interface LoopOptions {
  /** One round. `stop` aborts when the loop shall end: a long round looks at it and returns soon. */
  readonly round: (stop: AbortSignal) => Promise<AfterRound>;
  /** Milliseconds from the end of a round to the next one, unless `wake` brings it earlier. */
  readonly everyMs: number;
  /** The same after a round that threw, milliseconds. Default `everyMs`. */
  readonly retryMs?: number;
  /** Receives what a round threw. If it throws itself, the loop ends and whoever waits for its end gets that error. */
  readonly onError: (error: unknown) => void;
}

/**
 * Runs background work in rounds that never overlap, until it is stopped or a round returns `done`. A round that throws
 * is reported, and the next one comes all the same.
 *
 * Whoever changes what a round looks at calls `wake`: the next round then comes without waiting, and a round under way is
 * followed by another. Rounds look for work in rows, so a wake-up that a crash loses costs one interval and nothing else.
 */
export class Loop {
  private readonly stopped = new AbortController();
  private woken = new AbortController();
  private running: Promise<void> | undefined;
  private isRunning = false;

  constructor(private readonly options: LoopOptions) {}

  /** Aborts at `stop`; for waits outside the rounds that must end with the loop. */
  get stopping(): AbortSignal {
    return this.stopped.signal;
  }

  /** Begins with a round now; does nothing after an earlier `start` or `stop`. */
  start(): void {
    this.running ??= this.run(this.stopped.signal);
  }

  /** Ends the wait before the next round; many wake-ups during one round make one more round. */
  wake(): void {
    this.woken.abort();
  }

  /** Resolves once the round under way has ended; no other begins. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  /** Makes rounds until `stop` aborts, for a loop that lives inside other work, as under a lease. May be run again after its end. */
  async run(stop: AbortSignal): Promise<void> {
    assert(!this.isRunning, 'a loop runs once at a time');
    this.isRunning = true;
    try {
      while (!stop.aborted) if ((await this.roundAndRest(stop)) === 'done') return;
    } finally {
      this.isRunning = false;
    }
  }

  private async roundAndRest(stop: AbortSignal): Promise<AfterRound> {
    const { round, everyMs, retryMs = everyMs, onError } = this.options;
    // Armed before the round looks: a wake-up during it is not missed.
    const { signal } = (this.woken = new AbortController());
    let restMs = everyMs;
    try {
      const next = await round(stop);
      if (next !== undefined) return next;
    } catch (error) {
      onError(error);
      restMs = retryMs;
    }
    await pause(restMs, stop, signal);
  }
}

/** Waits `ms` milliseconds, or less when one of `ends` aborts; its timer ends with it. */
export async function pause(ms: number, ...ends: AbortSignal[]): Promise<void> {
  if (ends.some((end) => end.aborted)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      for (const end of ends) end.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    for (const end of ends) end.addEventListener('abort', done);
  });
}
