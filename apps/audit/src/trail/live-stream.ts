import type { Leaf, LogReader } from '../log/log.reader.js';

/** Entries read at once. */
const pageSize = 256;
/** A comment after this silence, in milliseconds, keeps proxies from cutting the connection. */
const heartbeatMs = 15_000;
/** A stream ends after this, in milliseconds: as long as an access token lives. The reader comes back with a new one. */
const lifetimeMs = 300_000;

/** Tells the stream when the log may have grown. */
export interface GrowthNews {
  grown(atMostMs: number): Promise<void>;
}

/**
 * Server-sent events of all entries from leaf `first` on, as they become durable. `id` is the leaf index, so a reader that
 * comes back with `Last-Event-ID` misses nothing and sees nothing twice. A slow reader slows only its own stream.
 */
export async function* entriesFrom(
  first: number,
  reader: Pick<LogReader, 'leaves'>,
  news: GrowthNews,
  stop: AbortSignal,
  now: () => number = Date.now,
): AsyncGenerator<string> {
  const until = now() + lifetimeMs;
  let next = first;
  let spokeAt = now();
  yield ': open\n\n';
  while (!stop.aborted && now() < until) {
    // Armed before the read: events that commit meanwhile wake the next round.
    const grown = news.grown(1_000);
    const page = await reader.leaves(next, pageSize);
    for (const leaf of page) yield eventOf(leaf);
    if (page.length > 0) {
      next = page.at(-1)!.leafIndex + 1;
      spokeAt = now();
    } else {
      if (now() - spokeAt >= heartbeatMs) {
        yield ': alive\n\n';
        spokeAt = now();
      }
      await grown;
    }
  }
}

/** A leaf is one line of canonical JSON, so it is one data line. */
function eventOf({ leafIndex, leaf }: Leaf): string {
  return `id: ${leafIndex}\nevent: entry\ndata: ${leaf}\n\n`;
}
