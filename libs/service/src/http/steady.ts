/**
 * Passes `source` on, and throws `late()` when a piece takes longer than `idleMs` milliseconds. Only the wait for the
 * source counts: a reader may take its time. Once late, the source is not waited for again.
 */
export async function* steady<T>(source: AsyncIterable<T>, idleMs: number, late: () => Error): AsyncGenerator<T> {
  const pieces = source[Symbol.asyncIterator]();
  let isLate = false;
  try {
    for (;;) {
      const piece = await within(pieces.next(), idleMs, () => {
        isLate = true;
        return late();
      });
      if (piece.done) return;
      yield piece.value;
    }
  } finally {
    // A generator that hangs in `next` would hang in `return` as well.
    if (!isLate) await pieces.return?.();
  }
}

/** What `work` gives, or `late()` thrown after `ms` milliseconds; what comes of `work` afterwards is dropped. */
export async function within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
