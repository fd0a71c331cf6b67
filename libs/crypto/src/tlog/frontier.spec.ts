import { concat, toHex, utf8 } from '../bytes.js';
import { appendLeaf, EMPTY_FRONTIER, frontierOf, frontierRoot } from './frontier.js';
import { emptyRoot, hashRange, HASH_BYTES, leafHash, nodeHash, type TreeNode } from './merkle.js';
import { nodeInTile, rowOfNode, tileOfNode, tilePath, tilesOf } from './tile.js';

/** A log kept in tiles only, as a server keeps it. */
class TileLog {
  readonly tiles = new Map<string, Uint8Array>();
  frontier = EMPTY_FRONTIER;

  readonly read = (node: TreeNode): Uint8Array => {
    const { level, index } = tileOfNode(node);
    return nodeInTile(node, this.tiles.get(`${level}/${index}`)!);
  };

  append(leaf: Uint8Array): void {
    const { frontier, completed } = appendLeaf(this.frontier, leaf);
    for (const node of completed) {
      const place = rowOfNode(node);
      if (place === null) continue;
      const key = `${place.level}/${place.index}`;
      const rows = this.tiles.get(key) ?? new Uint8Array();
      expect(rows.length).toBe(place.row * HASH_BYTES);
      this.tiles.set(key, concat(rows, node.hash));
    }
    this.frontier = frontier;
  }
}

describe('a growing tree', () => {
  it('has the same root whether appended to, recomputed from its leaves, or recovered from its tiles', () => {
    const log = new TileLog();
    const leaves: Uint8Array[] = [];
    expect(frontierRoot(log.frontier)).toEqual(emptyRoot());
    for (let size = 1; size <= 600; size++) {
      const leaf = leafHash(utf8(`leaf ${size}`));
      leaves.push(leaf);
      log.append(leaf);
      const root = toHex(frontierRoot(log.frontier));
      expect(toHex(frontierRoot(frontierOf(size, log.read)))).toBe(root);
      expect(toHex(hashRange({ from: 0, to: size }, log.read))).toBe(root);
      // The whole tree from its leaves, one size in eight: quadratic otherwise.
      if (size % 8 === 1) expect(toHex(plainRoot(leaves))).toBe(root);
      const tiles = [...tilesOf(size)];
      expect(tiles.map((tile) => [tilePath(tile), tile.width * HASH_BYTES])).toEqual(
        tiles.map((tile) => [tilePath(tile), log.tiles.get(`${tile.level}/${tile.index}`)!.length]),
      );
    }
  });

  it('refuses a leaf that is no hash, and hashes of another tree', () => {
    const leaf = leafHash(utf8('leaf'));
    const { frontier } = appendLeaf(EMPTY_FRONTIER, leaf);
    expect(() => appendLeaf(frontier, utf8('leaf'))).toThrow('leaf: must be 32 bytes');
    expect(() => appendLeaf({ ...frontier, size: 3 }, leaf)).toThrow('hashes: are not those of 3 leaves');
    expect(() => appendLeaf({ size: 2, hashes: [] }, leaf)).toThrow('hashes: are not those of 2 leaves');
    expect(() => appendLeaf({ ...frontier, size: Number.MAX_SAFE_INTEGER }, leaf)).toThrow('size: is not a count');
    expect(() => frontierOf(-1, () => leaf)).toThrow('size: is not a count');
  });
});

/** MTH of RFC 6962 §2.1, written from its text. */
function plainRoot(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return nodeHash(plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split)));
}
