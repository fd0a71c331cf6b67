/** Callers whose bucket is full again after this long are forgotten, milliseconds. */
const idleMs = 60_000;

/** A token bucket per caller: so many a second, and a burst. Callers that were idle are forgotten. */
export class RateLimits {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly nowMs: () => number = () => Date.now(),
  ) {}

  /** Whether one more of `caller` is acted on now. */
  admits(caller: string): boolean {
    const now = this.nowMs();
    if (this.buckets.size >= 10_000) this.forgetIdle(now);
    const bucket = this.buckets.get(caller) ?? { tokens: this.burst, at: now };
    bucket.tokens = Math.min(this.burst, bucket.tokens + ((now - bucket.at) / 1000) * this.perSecond);
    bucket.at = now;
    this.buckets.set(caller, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  private forgetIdle(now: number): void {
    for (const [caller, { at }] of this.buckets) if (now - at > idleMs) this.buckets.delete(caller);
  }
}
