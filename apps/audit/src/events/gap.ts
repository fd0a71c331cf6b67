/** Decides what is done about events that are missing. Pure. */

/** Events that the log needs before it can go on with those it has. */
export interface Gap {
  readonly producer: string;
  readonly fromSeq: number;
  /** the last that is missing, or as many as the producer has where that is not known */
  readonly toSeq: number | null;
}

/** What was done about the gaps that are there now. */
export interface GapHistory {
  /** the same for as long as the same events are missing */
  readonly name: string;
  readonly sinceMs: number;
  readonly readAgainAtMs: number | null;
  readonly asks: number;
  readonly askedAtMs: number | null;
}

export type GapStep = 'wait' | 'read-again' | 'ask';

/** Milliseconds that a missing event has to come by itself: events of one producer may overtake each other on the stream. */
const graceMs = 2_000;
/** Least milliseconds between two readings of the whole stream. */
const readAgainEveryMs = 60_000;
/** Milliseconds before producers are asked again; doubles up to the cap. */
const firstAskAfterMs = 1_000;
const mostAskAfterMs = 60_000;

/** The history of `gaps`: the earlier one while they stay the same, else a new one. */
export function historyOf(gaps: readonly Gap[], earlier: GapHistory | null, nowMs: number): GapHistory | null {
  if (gaps.length === 0) return null;
  const name = gaps.map(({ producer, fromSeq, toSeq }) => `${producer} ${fromSeq} ${toSeq ?? ''}`).join(', ');
  if (earlier?.name === name) return earlier;
  return { name, sinceMs: nowMs, readAgainAtMs: earlier?.readAgainAtMs ?? null, asks: 0, askedAtMs: null };
}

/** First the stream, which has all events of three days, is read again; then producers are asked, at growing intervals. */
export function nextStep(history: GapHistory, nowMs: number): GapStep {
  const { sinceMs, readAgainAtMs, asks, askedAtMs } = history;
  if (nowMs - sinceMs < graceMs) return 'wait';
  if (readAgainAtMs === null) return 'read-again';
  if (readAgainAtMs < sinceMs && nowMs - readAgainAtMs > readAgainEveryMs) return 'read-again';
  const pauseMs = Math.min(firstAskAfterMs * 2 ** asks, mostAskAfterMs);
  return nowMs - Math.max(askedAtMs ?? 0, readAgainAtMs) < pauseMs ? 'wait' : 'ask';
}
