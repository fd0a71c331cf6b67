import type { BlockRef } from './block.js';
import { freshness, isDeepEnough, type ChainRules } from './finality.js';

const block = (number: number, timestamp: number): BlockRef => ({
  number,
  timestamp,
  hash: `0x${number}`,
  parentHash: '0x',
});
const rules: ChainRules = { finality: { kind: 'depth', depth: 2 }, blockSeconds: 5, maxHeadAgeSeconds: 60 };

describe('finality', () => {
  it('needs depth in blocks and in seconds', () => {
    const head = block(10, 1000);
    expect(isDeepEnough(block(8, 990), head, 2, 5)).toBe(true);
    expect(isDeepEnough(block(9, 900), head, 2, 5)).toBe(false);
    // a burst: deep in blocks, young in time
    expect(isDeepEnough(block(3, 991), head, 2, 5)).toBe(false);
  });

  it('calls a head fresh up to maxHeadAge and up to 30 s ahead', () => {
    expect(freshness(block(1, 1000), rules, 1060)).toEqual({ fresh: true });
    expect(freshness(block(1, 1000), rules, 1061)).toEqual({ fresh: false, why: 'head-too-old' });
    expect(freshness(block(1, 1000), rules, 970)).toEqual({ fresh: true });
    expect(freshness(block(1, 1000), rules, 969)).toEqual({ fresh: false, why: 'head-ahead-of-clock' });
  });
});
