import { clip } from './byte-range.js';

describe('a range of bytes', () => {
  it.each([
    [undefined, { from: 0, length: 1000 }],
    [
      { from: 0, to: 0 },
      { from: 0, length: 1 },
    ],
    [
      { from: 990, to: 2 ** 40 },
      { from: 990, length: 10 },
    ],
    [
      { from: 1000, to: 1001 },
      { from: 1000, length: 0 },
    ],
    [
      { from: 5000, to: 6000 },
      { from: 1000, length: 0 },
    ],
  ])('%j of an object of 1000 bytes ends with the object', (range, part) => {
    expect(clip(range, 1000)).toEqual(part);
  });
});
