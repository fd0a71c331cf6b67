/**
 * Who waits for something to happen, by key: for long polls. Only wakes; whoever is woken looks itself.
 */
export class Bells {
  private readonly waiting = new Map<string, Set<() => void>>();

  /** Wakes all who wait at `key`. */
  ring(key: string): void {
    for (const wake of this.waiting.get(key) ?? []) wake();
  }

  /**
   * Looks now, and again at each ring of `key`, until there is an answer or `waitMs` are over: then what the last look
   * gave, null.
   */
  async until<T>(key: string, waitMs: number, look: () => Promise<T | null>): Promise<T | null> {
    const until = Date.now() + waitMs;
    for (;;) {
      // Armed before looking: what happens during the look is not missed.
      const bell = this.arm(key, Math.max(0, until - Date.now()));
      const seen = await look();
      if (seen !== null || Date.now() >= until) {
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
