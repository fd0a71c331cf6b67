import fc from 'fast-check';
import { toHex, utf8 } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { edgeTilesOf, growLog, type TileHashes } from './growth.js';

/** Verifies the whole tree again after every batch: each tile against the leaves, and the root by the text of RFC 6962. */
class WatchedLog {
  readonly leaves: Uint8Array[] = [];
  readonly tiles = new Map<string, TileHashes>();
  private readonly known = new Map<string, Uint8Array>();

  append(batch: Uint8Array[]): Uint8Array {
    const size = this.leaves.length;
    const edge = edgeTilesOf(size).map((tile) => this.tiles.get(`${tile.level}/${tile.index}`)!);
    const growth = growLog(size, edge, batch);
    this.leaves.push(...batch);
    for (const tile of growth.tiles) this.tiles.set(`${tile.level}/${tile.index}`, tile);
    expect(growth.size).toBe(this.leaves.length);
    for (const { level, index, hashes } of this.tiles.values())
      for (let row = 0; row < hashes.length / 32; row++)
        expect(toHex(hashes.slice(32 * row, 32 * row + 32))).toBe(
          toHex(this.node({ level: 8 * level, index: 256 * index + row })),
        );
    expect(toHex(growth.root)).toBe(
      toHex(tlog.hashRange({ from: 0, to: this.leaves.length }, (node) => this.node(node))),
    );
    return growth.root;
  }

  private node({ level, index }: tlog.TreeNode): Uint8Array {
    const key = `${level}/${index}`;
    const hash =
      this.known.get(key) ??
      (level === 0
        ? tlog.leafHash(this.leaves[index]!)
        : tlog.nodeHash(
            this.node({ level: level - 1, index: 2 * index }),
            this.node({ level: level - 1, index: 2 * index + 1 }),
          ));
    this.known.set(key, hash);
    return hash;
  }
}

describe('a growing log', () => {
  it('is the tree of its leaves after every batch, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 }), (batches) => {
        const log = new WatchedLog();
        for (const count of batches)
          log.append(Array.from({ length: count }, (_, i) => utf8(`leaf ${log.leaves.length + i}`)));
      }),
      { numRuns: 20 },
    );
  });

  it('crosses the borders of tiles one leaf at a time', () => {
    const log = new WatchedLog();
    log.append(Array.from({ length: 250 }, (_, i) => utf8(`leaf ${i}`)));
    for (let i = 250; i < 262; i++) log.append([utf8(`leaf ${i}`)]);
    log.append(Array.from({ length: 512 }, (_, i) => utf8(`leaf ${262 + i}`)));
    expect(edgeTilesOf(log.leaves.length).map((tile) => tile.level)).toEqual([0, 1]);
  });

  it('starts from nothing', () => {
    expect(growLog(0, [], [])).toEqual({ size: 0, root: tlog.emptyRoot(), tiles: [] });
  });

  it('refuses to grow a log whose tiles do not fit its size', () => {
    const { tiles } = growLog(0, [], [utf8('a'), utf8('b'), utf8('c')]);
    expect(() => growLog(4, tiles, [utf8('d')])).toThrow('tile 0/0 is not 4 hashes wide as size 4 says');
    expect(() => growLog(3, [], [utf8('d')])).toThrow('tile 0/0 is not 3 hashes wide');
  });
});
