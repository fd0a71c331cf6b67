/** Passes `source` on and feeds every byte to `hash`. */
export async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: { update(bytes: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    hash.update(bytes);
    yield bytes;
  }
}

/** Yields `first`, then `rest`. */
export async function* after(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

/** Yields `source` without its first `length` bytes. */
export async function* behind(length: number, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const bytes of source) {
    const rest = bytes.subarray(left);
    left -= bytes.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}
