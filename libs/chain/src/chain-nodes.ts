import type { Hex } from '@cpds/contracts';
import { AppError } from '@cpds/errors';
import type { BlockRef } from './block.js';
import type { Endpoint } from './endpoint.js';
import { RpcRefused } from './rpc.js';

/** The own nodes of one chain: asks all of them and compares their answers. Finality is not judged here. */
export class ChainNodes {
  constructor(
    /** Local nickname, for messages. */
    readonly name: string,
    readonly chainId: bigint,
    readonly chainUid: Hex,
    private readonly endpoints: readonly Endpoint[],
  ) {}

  /** The head with the latest timestamp, however old. */
  async head(): Promise<BlockRef> {
    const heads = await Promise.all(this.endpoints.map((endpoint) => endpoint.head()));
    return heads.reduce((late, next) => (next.timestamp > late.timestamp ? next : late));
  }

  /**
   * Calls `to` with `data` in the state of `block`, on all nodes.
   *
   * @throws EndpointsDisagree  two nodes answer differently
   * @throws BlockGone          the block is not canonical any more
   * @throws RpcRefused         the call reverts; `data` holds the revert bytes
   */
  async callAt(block: BlockRef, to: string, data: string): Promise<Hex> {
    const at = { blockHash: block.hash, requireCanonical: true };
    const answers = await Promise.all(
      this.endpoints.map(({ rpc }) =>
        rpc.request<Hex>('eth_call', [{ to, data }, at]).catch((error: unknown) => {
          throw isBlockGone(error) ? new BlockGone(this.name, block.number) : error;
        }),
      ),
    );
    if (answers.some((answer) => answer !== answers[0]))
      throw new EndpointsDisagree(this.name, `state of block ${block.number}`);
    return answers[0]!;
  }
}

/** geth says "header not found", "hash is not currently canonical"; anvil "Resource not found"; besu "Unknown block". */
function isBlockGone(error: unknown): boolean {
  return (
    error instanceof RpcRefused &&
    error.data === undefined &&
    /not found|not currently canonical|unknown block|BlockOutOfRange/i.test(error.message)
  );
}

/** Two own nodes contradict each other: no fact that allows an action may be read until they agree. */
export class EndpointsDisagree extends AppError {
  constructor(chain: string, what: string) {
    super('chain-endpoints-disagree', 'unavailable', `the nodes of chain ${chain} disagree on ${what}`);
  }
}

/** The block the question was about was reorged away. */
export class BlockGone extends AppError {
  constructor(chain: string, number: number) {
    super('chain-block-gone', 'unavailable', `block ${number} of chain ${chain} is not canonical any more`);
  }
}
