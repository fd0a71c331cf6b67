/** First and last byte of a part, both included, as HTTP counts (RFC 9110 §14.1.2). `to` past the end means the end. */
export interface ByteRange {
  from: number;
  to: number;
}

/** The bytes of `range` inside an object of `sizeBytes`. */
export function clip(range: ByteRange | undefined, sizeBytes: number): { from: number; length: number } {
  if (!range) return { from: 0, length: sizeBytes };
  const from = Math.min(range.from, sizeBytes);
  return { from, length: Math.max(0, Math.min(range.to + 1, sizeBytes) - from) };
}
