import fc from 'fast-check';
import { utf8 } from '../bytes.js';
import {
  bundlesOf,
  decodeEntries,
  encodeEntries,
  entriesPath,
  nodeInTile,
  parseTilePath,
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
    const tiles = tilesOf(70_000);
    expect(tiles.filter((tile) => tile.level === 0 && tile.width === 256)).toHaveLength(273);
    expect(tiles.filter((tile) => tile.width < 256).map(tilePath)).toEqual([
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ]);
    expect(bundlesOf(70_000).at(-1)).toEqual({ index: 273, width: 112 });
    expect(tilesOf(0)).toEqual([]);
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
  ])('refuses %s', (path) => expect(() => parseTilePath(path)).toThrow('path: names no tile'));

  it('carries entries and finds a cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 9 }), (entries) => {
        const bytes = encodeEntries(entries);
        expect(decodeEntries(bytes)).toEqual(entries);
        expect(() => decodeEntries(bytes.slice(0, -1))).toThrow(`entry ${entries.length - 1} is cut off`);
      }),
    );
    expect(() => encodeEntries([new Uint8Array(65536)])).toThrow('entry: is over 65535 bytes');
    expect(encodeEntries([utf8('ab')])).toEqual(Uint8Array.of(0, 2, 97, 98));
  });

  it('finds a tile that is too short', () => {
    expect(() => nodeInTile({ level: 1, index: 1 }, new Uint8Array(3 * 32))).toThrow('tile: ends before the node does');
  });
});
