/** What another process of this hospital does rings no bell here: it is seen so many milliseconds later at most. */
const lookEveryMs = 1_000;

/**
 * Wakes long polls that wait for something to happen, by key. Whoever is woken looks again.
 */
export class Bells {
  private readonly waiting = new Map<string, Set<() => void>>();
  private isEnded = false;

  /** Wakes all who wait at `key`. */
  ring(key: string): void {
    for (const wake of this.waiting.get(key) ?? []) wake();
  }

  /** Lets all who wait look a last time, and nobody wait any more: their process stops. */
  end(): void {
    this.isEnded = true;
    for (const key of [...this.waiting.keys()]) this.ring(key);
  }

  /**
   * Looks now, at each ring of `key` and once a second, until there is an answer. Returns null after `waitMs` without one, or at the end.
   */
  async until<T>(key: string, waitMs: number, look: () => Promise<T | null>): Promise<T | null> {
    const until = Date.now() + waitMs;
    for (;;) {
      // Armed before looking, so that a ring during the look is not missed.
      const bell = this.arm(key, Math.min(lookEveryMs, Math.max(0, until - Date.now())));
      const seen = await look();
      if (seen !== null || Date.now() >= until || this.isEnded) {
        bell.disarm();
        return seen;
      }
      await bell.rung;
    }
  }

  /** `rung` resolves at the next ring, after `waitMs`, or when disarmed. */
  private arm(key: string, waitMs: number): { rung: Promise<void>; disarm(): void } {
    const all = this.waiting.get(key) ?? new Set();
    this.waiting.set(key, all);
    let disarm = () => undefined as void;
    const rung = new Promise<void>((resolve) => {
      disarm = () => {
        clearTimeout(timer);
        all.delete(disarm);
        if (all.size === 0 && this.waiting.get(key) === all) this.waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(disarm, waitMs);
      all.add(disarm);
    });
    return { rung, disarm };
  }
}
