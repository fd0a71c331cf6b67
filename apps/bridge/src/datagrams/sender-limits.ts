/** What one member of the consortium may make this node do: so many datagrams a second. */

const perSecond = 200;
const burst = 400;

/** A token bucket per proven sender: as many as the hub has members. */
export class SenderLimits {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(private readonly nowMs: () => number = () => Date.now()) {}

  /** Whether one more datagram of `from` is acted on now. */
  admits(from: string): boolean {
    const now = this.nowMs();
    const bucket = this.buckets.get(from) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    this.buckets.set(from, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
