import * as tlog from '@cpds/crypto/tlog';
import type { Journal } from './journal.js';
import type { LogReader } from './log.reader.js';

/** Roots of a log at any size, also of leaves that only its journal has the order of. */
export class Roots {
  constructor(
    private readonly reader: LogReader,
    private readonly journal: Journal,
  ) {}

  /** Root of the first `size` leaves; null where neither database nor journal has so many. */
  async at(size: number): Promise<Uint8Array | null> {
    const tree = await this.reader.tree();
    if (size <= tree.size) return tlog.frontierRoot(await this.frontierAt(size));
    const written = await this.journal.last();
    if (written === null || written.size < size) return null;
    let frontier = await this.frontierAt(tree.size);
    for (const hash of await this.journal.hashes(tree.size, size)) ({ frontier } = tlog.appendLeaf(frontier, hash));
    return tlog.frontierRoot(frontier);
  }

  private async frontierAt(size: number): Promise<tlog.Frontier> {
    return tlog.frontierOf(size, await this.reader.nodes(tlog.subtreesOf({ from: 0, to: size })));
  }
}
