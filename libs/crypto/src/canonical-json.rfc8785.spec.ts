/** RFC 8785: the documents of its reference implementation and of its text, and the numbers of appendix B. */

import { canonicalJson, canonicalText } from './canonical-json.js';
import { toHex } from './bytes.js';
import { hex, readVectors } from './testing/vectors.js';

const { documents, numbers } = readVectors<{
  documents: { name: string; input: string; outHex: string }[];
  numbers: { bits: string; text: string }[];
}>('rfc8785-jcs.json');

/** The double of these 64 bits. */
const double = (bits: string): number => Buffer.from(hex(bits)).readDoubleBE();

describe('canonical JSON (RFC 8785)', () => {
  it.each(documents)('$name', ({ input, outHex }) => {
    const once = canonicalJson(JSON.parse(input));
    expect(toHex(once)).toBe(outHex);
    expect(toHex(canonicalJson(JSON.parse(Buffer.from(once).toString())))).toBe(outHex);
  });

  it(`writes the ${numbers.length} numbers of appendix B`, () =>
    expect(numbers.map(({ bits }) => canonicalText(double(bits)))).toEqual(numbers.map(({ text }) => text)));

  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])('refuses %s, which is no number', (bits) =>
    expect(() => canonicalJson(double(bits))).toThrow('value: is not a finite number'),
  );
});
