/**
 * One node's view of its chain: its head, and a contiguous window of blocks below it whose hashes are linked, so that
 * finality is walked in memory and a poll costs one call.
 */

import { AppError } from '@cpds/errors';
import { parseBlock, toQuantity, type BlockRef, type RawBlock } from './block.js';
import { isDeepEnough, type ChainRules } from './finality.js';
import { Rpc } from './rpc.js';

const windowBlocks = 512;
const stepBlocks = 16;

interface SeenBlock extends BlockRef {
  /** Without transactions there are no logs. False also if the node does not say. */
  readonly isEmpty: boolean;
}

export class Endpoint {
  /** Ascending, linked by parent hash, ending at the last head seen. Replaced, never changed in place. */
  private window: readonly SeenBlock[] = [];
  private refreshing: Promise<SeenBlock> | undefined;

  constructor(readonly rpc: Rpc) {}

  /** The head as this node tells it now; callers of the same moment share one question. */
  head(): Promise<BlockRef> {
    this.refreshing ??= this.refresh().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  /** The head that the last `head()` returned; sends no request. */
  get lastHead(): BlockRef | undefined {
    return this.window.at(-1);
  }

  /** Whether every block `from`..`to` of this node's branch was seen and holds no transaction; false if one was not seen. */
  isEmpty(from: number, to: number): boolean {
    const lowest = this.window[0];
    if (lowest === undefined || from < lowest.number) return false;
    for (let number = from; number <= to; number++) if (!this.window[number - lowest.number]?.isEmpty) return false;
    return true;
  }

  /** The block at `number` on this node's branch, or null when it has none. */
  async blockAt(number: number): Promise<BlockRef | null> {
    const window = this.window;
    const lowest = window[0];
    if (lowest !== undefined && number >= lowest.number) return window[number - lowest.number] ?? null;
    return this.fetchBlock(toQuantity(number));
  }

  /** The final block under `rules` as seen from `head`, which is what `head()` returned. Genesis is final by definition. */
  async final(head: BlockRef, rules: ChainRules): Promise<BlockRef | null> {
    switch (rules.finality.kind) {
      case 'instant':
        return head;
      case 'tag':
        return this.fetchBlock('finalized');
      case 'depth': {
        for (let number = Math.max(head.number - rules.finality.depth, 0); ; number--) {
          const block = await this.below(head, number);
          if (number === 0 || isDeepEnough(block, head, rules.finality.depth, rules.blockSeconds)) return block;
        }
      }
    }
  }

  /** The ancestor of `head` at `number`, growing the window downwards where it is too short. */
  private async below(head: BlockRef, number: number): Promise<BlockRef> {
    for (;;) {
      const window = this.window;
      const lowest = window[0];
      if (lowest === undefined || window[head.number - lowest.number]?.hash !== head.hash)
        throw new ChainMoved(this.rpc.host);
      const found = window[number - lowest.number];
      if (found !== undefined) return found;
      const from = Math.max(lowest.number - stepBlocks, 0);
      const grown = linked([...(await this.fetchRange(from, lowest.number - 1)), ...window]);
      if (grown === null) throw new ChainMoved(this.rpc.host);
      if (this.window === window) this.window = grown;
    }
  }

  private async refresh(): Promise<SeenBlock> {
    const head = await this.fetchBlock('latest');
    if (head === null) throw new ChainMoved(this.rpc.host);
    const window = this.window;
    const last = window.at(-1);
    if (last === undefined) this.window = [head];
    else if (head.number > last.number && head.number - last.number <= windowBlocks) {
      const between = head.number - last.number > 1 ? await this.fetchRange(last.number + 1, head.number - 1) : [];
      // A window that does not link was reorged away: it starts anew and grows when asked.
      this.window = linked([...window, ...between, head])?.slice(-windowBlocks) ?? [head];
    } else if (head.hash !== last.hash) {
      const at = window.findIndex((block) => block.hash === head.hash);
      this.window = at === -1 ? [head] : window.slice(0, at + 1);
    }
    return head;
  }

  private async fetchRange(from: number, to: number): Promise<SeenBlock[]> {
    const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const blocks = await Promise.all(numbers.map((number) => this.fetchBlock(toQuantity(number))));
    return blocks.filter((block) => block !== null);
  }

  private async fetchBlock(which: string): Promise<SeenBlock | null> {
    const raw = await this.rpc.request<RawBlock | null>('eth_getBlockByNumber', [which, false]);
    return raw === null ? null : { ...parseBlock(raw), isEmpty: raw.transactions?.length === 0 };
  }
}

/** The blocks if each is the child of its predecessor, else null. */
export function linked<Block extends BlockRef>(blocks: Block[]): Block[] | null {
  for (let i = 1; i < blocks.length; i++) {
    if (blocks[i]!.parentHash !== blocks[i - 1]!.hash || blocks[i]!.number !== blocks[i - 1]!.number + 1) return null;
  }
  return blocks;
}

/** The branch changed between two questions; asking again answers. */
export class ChainMoved extends AppError {
  constructor(host: string) {
    super('chain-moved', 'unavailable', `the head of ${host} moved to another branch while it was read`);
  }
}
