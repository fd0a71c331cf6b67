import fc from 'fast-check';
import { utf8 } from '../bytes.js';
import {
  bundlesOf,
  decodeEntries,
  encodeEntries,
  entriesPath,
  nodeInTile,
  parseTilePath,
  partialTilesOf,
  tilePath,
  tilesOf,
} from './tile.js';

describe('c2sp.org/tlog-tiles', () => {
  it('writes paths as the text shows them', () => {
    expect(tilePath({ level: 0, index: 1234067, width: 256 })).toBe('tile/0/x001/x234/067');
    expect(tilePath({ level: 0, index: 0, width: 256 })).toBe('tile/0/000');
    expect(tilePath({ level: 1, index: 273, width: 17 })).toBe('tile/1/273.p/17');
    expect(entriesPath({ index: 1000, width: 8 })).toBe('tile/entries/x001/000.p/8');
  });

  it('lists the tiles of a tree of 70,000 entries as the text does', () => {
    const tiles = [...tilesOf(70_000)];
    expect(tiles.filter((tile) => tile.level === 0 && tile.width === 256)).toHaveLength(273);
    expect(tiles.filter((tile) => tile.width < 256).map(tilePath)).toEqual([
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ]);
    expect([...bundlesOf(70_000)].at(-1)).toEqual({ index: 273, width: 112 });
    expect([...tilesOf(256)].map(tilePath)).toEqual(['tile/0/000', 'tile/1/000.p/1']);
    expect([...tilesOf(0)]).toEqual([]);
  });

  it('has at each level the partial tile that the text counts', () => {
    fc.assert(
      fc.property(fc.nat(100_000), (size) => {
        const partial = [...tilesOf(size)].filter((tile) => tile.width < 256);
        expect(partialTilesOf(size)).toEqual(partial);
        const widths = [0, 1, 2].map((level) => Math.floor(size / 256 ** level) % 256);
        expect(widths.map((_, level) => partial.find((tile) => tile.level === level)?.width ?? 0)).toEqual(widths);
      }),
      { numRuns: 30 },
    );
  });

  it('lists the tiles of any size that somebody may sign, one at a time', () => {
    const tiles = tilesOf(Number.MAX_SAFE_INTEGER);
    expect(tiles.next().value).toEqual({ level: 0, index: 0, width: 256 });
    expect(partialTilesOf(Number.MAX_SAFE_INTEGER).map((tile) => tile.width)).toEqual([
      255, 255, 255, 255, 255, 255, 31,
    ]);
    expect(() => tilesOf(2 ** 53).next()).toThrow('size: is not a count');
    expect(() => bundlesOf(-1).next()).toThrow('size: is not a count');
  });

  it('reads back every path it writes', () => {
    fc.assert(
      fc.property(fc.nat(63), fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
        expect(parseTilePath(tilePath({ level, index, width }))).toEqual({ level, index, width });
        expect(parseTilePath(entriesPath({ index, width }))).toEqual({ level: 'entries', index, width });
      }),
    );
  });

  it.each([
    'tile/0/0',
    'tile/00/000',
    'tile/64/000',
    'tile/0/x000/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/../000',
    'tile/0/x001',
    '/tile/0/000',
    'tile/0/000\n',
    'tile/-1/000',
    'tile/0/001/000',
    'tile/0/x001/x000',
    'tile/0/X001/000',
    'tile/0/٠٠٠',
    'tile/0/000.p/1/',
    'tile/8/0/000',
    'tile/entries/000.p/256',
    'tile/data/000',
    'tile/0/x009/x007/x199/x254/x740/992',
    `tile/0/${'x999/'.repeat(200)}999`,
  ])('refuses %s', (path) => expect(() => parseTilePath(path)).toThrow('path: names no tile'));

  it.each([
    [64, 0, 1],
    [-1, 0, 1],
    [0.5, 0, 1],
    [0, -1, 1],
    [0, 2 ** 53, 1],
    [0, 0, 0],
    [0, 0, 257],
    [0, Number.NaN, 1],
  ])('has no path for level %p, index %p, width %p', (level, index, width) => {
    expect(() => tilePath({ level, index, width })).toThrow('tile: is not of any tree');
    if (level === 0) expect(() => entriesPath({ index, width })).toThrow('bundle: is not of any log');
  });

  it('carries entries and finds a cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 9 }), (entries) => {
        const bytes = encodeEntries(entries);
        expect(decodeEntries(bytes)).toEqual(entries);
        expect(() => decodeEntries(bytes.slice(0, -1))).toThrow(`entry ${entries.length - 1} is cut off`);
      }),
    );
    expect(() => encodeEntries([new Uint8Array(65536)])).toThrow('entry: is over 65535 bytes');
    expect(decodeEntries(new Uint8Array(2 * 256))).toHaveLength(256);
    expect(() => decodeEntries(new Uint8Array(2 * 257))).toThrow('bundle: is over 256 entries');
    expect(encodeEntries([utf8('ab')])).toEqual(Uint8Array.of(0, 2, 97, 98));
  });

  it('finds a tile that is too short, too long or broken', () => {
    const first = { level: 0, index: 0 };
    expect(nodeInTile(first, new Uint8Array(256 * 32))).toEqual(new Uint8Array(32));
    expect(() => nodeInTile(first, new Uint8Array(257 * 32))).toThrow('tile: is not 1 to 256 whole hashes');
    expect(() => nodeInTile(first, new Uint8Array(33))).toThrow('tile: is not 1 to 256 whole hashes');
    expect(() => nodeInTile(first, new Uint8Array())).toThrow('tile: ends before the node does');
    expect(() => nodeInTile({ level: 0, index: -1 }, new Uint8Array(32))).toThrow('index: is not a count');
    expect(() => nodeInTile({ level: 1, index: 1 }, new Uint8Array(3 * 32))).toThrow('tile: ends before the node does');
  });
});
