import { RateLimiterMemory } from 'rate-limiter-flexible';

/** Statements that a process checks in one second at most; each costs a hash of its grant and the recovery of its signer. */
export const checksPerSecond = {
  /** of grants that are known here, all together: a budget of their own, whatever is said of others */
  known: 400,
  /** of one known grant: whoever floods it takes nothing from the others */
  ofGrant: 200,
  /** of known grants, from one address that has sent too many bad ones: it leaves room for other addresses */
  ofRefused: 100,
  /** of grants that anybody may have invented, all together */
  unknown: 200,
} as const;

/** Counts what happens in each second, up to a bound. */
class PerSecond {
  private second = 0;
  private count = 0;

  constructor(private readonly bound: number) {}

  /** True while this second has room for one more. */
  take(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.second) [this.second, this.count] = [second, 0];
    if (this.count >= this.bound) return false;
    this.count++;
    return true;
  }
}

/**
 * Bounds the processor time that statements of strangers cost. Checks run one at a time, since one is a single piece of
 * work, so what is bounded is how many there are.
 */
export class CheckBudget {
  private readonly known = new PerSecond(checksPerSecond.known);
  private readonly unknown = new PerSecond(checksPerSecond.unknown);
  private readonly ofGrant = new RateLimiterMemory({ points: checksPerSecond.ofGrant, duration: 1 });
  private readonly ofRefused = new RateLimiterMemory({ points: checksPerSecond.ofRefused, duration: 1 });

  /**
   * True if a statement of a grant that is known here may be checked now. `grant` and `refused` are their counters, the
   * latter of an address that has sent too many bad ones; null for all others.
   */
  async takeKnown(grant: number, refused: number | null): Promise<boolean> {
    // The narrow bounds first: what they refuse of a flood is counted nowhere else.
    if (refused !== null && !(await hasRoom(this.ofRefused, refused))) return false;
    return (await hasRoom(this.ofGrant, grant)) && this.known.take(Date.now());
  }

  /** True if a statement of a grant that nobody here knows may be checked now. */
  takeUnknown(): boolean {
    return this.unknown.take(Date.now());
  }
}

async function hasRoom(limiter: RateLimiterMemory, counter: number): Promise<boolean> {
  return (await limiter.penalty(counter)).consumedPoints <= limiter.points;
}
