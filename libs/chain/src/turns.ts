/** Runs steps one after another, and wakes whoever waits for one of them to change something. */
export class Turns {
  private last: Promise<void> = Promise.resolve();
  private waiters: (() => void)[] = [];

  /** Runs `step` after all earlier steps, whether they failed or not. */
  take(step: () => Promise<void>): Promise<void> {
    const mine = this.last.catch(() => undefined).then(step);
    this.last = mine;
    return mine;
  }

  /** Resolves when every step so far has ended. */
  async idle(): Promise<void> {
    await this.last.catch(() => undefined);
  }

  /** Wakes everybody in `nextAnnouncement`. */
  announce(): void {
    const waiters = this.waiters;
    this.waiters = [];
    for (const wake of waiters) wake();
  }

  /** Waits for `announce`, or `atMostMs`. */
  nextAnnouncement(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, atMostMs);
      this.waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
