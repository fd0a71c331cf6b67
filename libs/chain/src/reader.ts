/**
 * Reads one chain through one or more own nodes. A fact that allows an action is read at a final block whose hash all
 * nodes agree on, from fresh heads; a fact that forbids one may come from any node's head (protocol section 7).
 */

import { chainUid, type Hex } from '@cpds/contracts';
import { AppError } from '@cpds/errors';
import {
  parseLog,
  parseReceipt,
  quantity,
  logId,
  toQuantity,
  type BlockRef,
  type ChainLog,
  type ChainReceipt,
  type LogFilter,
  type RawBlock,
  type RawLog,
  type RawReceipt,
} from './block.js';
import { ChainNodes, EndpointsDisagree } from './chain-nodes.js';
import { ChainMoved, Endpoint } from './endpoint.js';
import { freshness, type ChainRules } from './finality.js';
import { headBell } from './head-bell.js';
import { HeadWatch, type ChainSnapshot, type HeadListener } from './head-watch.js';
import { observed } from './observer.js';
import { Rpc, type RpcOptions } from './rpc.js';

export interface ChainReaderOptions extends RpcOptions {
  /** Local nickname, for messages. */
  readonly name: string;
  /**
   * Own nodes of this chain; with two or more, all must agree before anything is final. A `ws:` or `wss:` URL takes no
   * requests: its node announces new heads there, so that looks come at once and not only every `pollMs`.
   */
  readonly urls: readonly string[];
  /** Milliseconds between two looks at the head while somebody watches. Default 1000. */
  readonly pollMs?: number;
  /** Own clock, milliseconds. */
  readonly now?: () => number;
  /** Receives the error of every failed poll; polling goes on. */
  readonly onError?: (error: unknown) => void;
}

/** What one node's head answers. */
export interface Glance {
  readonly head: BlockRef;
  readonly data: Hex;
}

/** Blocks asked for in one eth_getLogs. */
const logRange = 5000;

export class ChainReader {
  private readonly heads = new HeadWatch(
    () => this.look(),
    this.options.pollMs,
    this.options.onError,
    () => this.headsNow(),
    (ring) => [...this.openBells(ring), { close: () => observed().left({ name: this.name }) }],
  );

  private constructor(
    private readonly options: ChainReaderOptions,
    private readonly endpoints: readonly Endpoint[],
    private readonly nodes: ChainNodes,
    private readonly currentRules: () => ChainRules,
  ) {}

  /**
   * Asks every node which chain it is of. The rules of finality never come from the chain itself: adopt them from the
   * hub's registry, until then there is a head to look at and no reader.
   *
   * @throws RpcUnreachable     a node does not answer
   * @throws EndpointsDisagree  two nodes are of different chains
   */
  static async connect(options: ChainReaderOptions): Promise<ChainHead> {
    const askable = options.urls.filter((url) => !isWebSocket(url));
    if (askable.length === 0)
      throw new AppError('chain-unconfigured', 'invalid', `chain ${options.name} has no HTTP RPC URL`);
    const endpoints = askable.map((url) => new Endpoint(new Rpc(url, options)));
    const seen = await Promise.all(
      endpoints.map(async ({ rpc }) => {
        const [id, genesis] = await Promise.all([
          rpc.request<string>('eth_chainId'),
          rpc.request<RawBlock>('eth_getBlockByNumber', ['0x0', false]),
        ]);
        return { chainId: BigInt(id), uid: chainUid(BigInt(id), genesis.hash) };
      }),
    );
    const { chainId, uid } = seen[0]!;
    if (seen.some((other) => other.uid !== uid)) throw new EndpointsDisagree(options.name, 'genesis');
    const nodes = new ChainNodes(options.name, chainId, uid, endpoints);
    return new ChainHead(nodes, (rules) => new ChainReader(options, endpoints, nodes, rules));
  }

  get name(): string {
    return this.nodes.name;
  }

  get chainId(): bigint {
    return this.nodes.chainId;
  }

  get chainUid(): Hex {
    return this.nodes.chainUid;
  }

  /** The rules that ChainRegistry holds for this chain. */
  get rules(): ChainRules {
    return this.currentRules();
  }

  /** Own clock in whole seconds. */
  nowSeconds(): number {
    return Math.floor((this.options.now ?? Date.now)() / 1000);
  }

  /**
   * Head, final block and freshness now. Reports a stale head and does not refuse it: a fact that forbids may rest on
   * it.
   *
   * @throws RpcUnreachable     one of the nodes does not answer
   * @throws EndpointsDisagree  the nodes show different blocks at the final height
   */
  async snapshot(): Promise<ChainSnapshot> {
    return this.retried(async () => {
      const heads = await Promise.all(this.endpoints.map((endpoint) => endpoint.head()));
      const finals = await Promise.all(this.endpoints.map((endpoint, i) => endpoint.final(heads[i]!, this.rules)));
      const final = finals.reduce(
        (low, next) => (low === null || next === null ? null : next.number < low.number ? next : low),
        finals[0]!,
      );
      if (final === null) throw new NoFinalBlock(this.name);
      await this.assertAgreed(final);
      const now = this.nowSeconds();
      const judged = heads.map((head) => freshness(head, this.rules, now));
      const head = heads.reduce((late, next) => (next.timestamp > late.timestamp ? next : late));
      return {
        head,
        final,
        freshness: judged.find((one) => !one.fresh) ?? judged[0]!,
      };
    });
  }

  /** The head with the latest timestamp, however old. */
  head(): Promise<BlockRef> {
    return this.nodes.head();
  }

  /**
   * The final block at which a fact that allows may be read.
   *
   * @throws StaleHead          a head is older than maxHeadAge or over 30 s ahead of the own clock
   * @throws EndpointsDisagree, RpcUnreachable, NoFinalBlock
   */
  async final(): Promise<BlockRef> {
    const snapshot = await this.snapshot();
    this.assertFresh(snapshot);
    return snapshot.final;
  }

  /** The last final block, however old. Only release may read the hub this way. */
  async lastFinal(): Promise<BlockRef> {
    return (await this.snapshot()).final;
  }

  /** @throws StaleHead */
  assertFresh(snapshot: ChainSnapshot): void {
    if (!snapshot.freshness.fresh) throw new StaleHead(this.name, snapshot.freshness.why);
  }

  /** The block at `number`, agreed on by all nodes, or null when none has it. */
  async blockAt(number: number): Promise<BlockRef | null> {
    const blocks = await Promise.all(this.endpoints.map((endpoint) => endpoint.blockAt(number)));
    if (blocks.some((block) => block?.hash !== blocks[0]?.hash))
      throw new EndpointsDisagree(this.name, `block ${number}`);
    return blocks[0]!;
  }

  /**
   * Calls `to` with `data` in the state of `block`, on all nodes.
   *
   * @throws EndpointsDisagree, BlockGone, RpcRefused as `ChainHead.callAt` does
   */
  callAt(block: BlockRef, to: string, data: string): Promise<Hex> {
    return this.nodes.callAt(block, to, data);
  }

  /** Calls at every node's head and leaves out nodes that do not answer; throws the first error if none does. */
  async glance(to: string, data: string): Promise<Glance[]> {
    const settled = await Promise.allSettled(
      this.endpoints.map(async (endpoint) => {
        const head = await endpoint.head();
        const at = { blockHash: head.hash };
        return { head, data: await endpoint.rpc.request<Hex>('eth_call', [{ to, data }, at]) };
      }),
    );
    return this.answered(settled);
  }

  /** Logs of final blocks `from`..`to` inclusive; all nodes must answer the same. */
  async logs(filter: LogFilter, from: number, to: number): Promise<ChainLog[]> {
    const all: ChainLog[] = [];
    for (let at = from; at <= to; at += logRange) {
      const told = await Promise.all(
        this.endpoints.map((endpoint) => getLogs(endpoint, filter, at, Math.min(at + logRange - 1, to))),
      );
      const spelled = told.map((logs) => JSON.stringify(logs));
      if (spelled.some((text) => text !== spelled[0]))
        throw new EndpointsDisagree(this.name, `logs of blocks ${at} to ${to}`);
      all.push(...told[0]!);
    }
    return all;
  }

  /** Logs of blocks not yet final, as any node shows them; they may vanish. */
  async glanceLogs(filter: LogFilter, from: number): Promise<ChainLog[]> {
    const settled = await Promise.allSettled(
      this.endpoints.map((endpoint) => getLogs(endpoint, filter, from, 'latest')),
    );
    const union = new Map<string, ChainLog>();
    for (const logs of this.answered(settled)) for (const log of logs) union.set(logId(log), log);
    return [...union.values()];
  }

  /** The receipt of a transaction that is in a block now, final or not, or null. */
  async receipt(hash: string): Promise<ChainReceipt | null> {
    const raw = await this.request<RawReceipt | null>('eth_getTransactionReceipt', [hash]);
    return raw === null ? null : parseReceipt(raw);
  }

  /** The account's transaction count in the first node's latest block. */
  async transactionCount(account: string): Promise<number> {
    return quantity(await this.request<string>('eth_getTransactionCount', [account, 'latest']));
  }

  /** The code at `address` in the state of `block`; ChainRegistry holds its hash. */
  async codeAt(block: BlockRef, address: string): Promise<Hex> {
    const at = { blockHash: block.hash, requireCanonical: true };
    const codes = await Promise.all(this.endpoints.map(({ rpc }) => rpc.request<Hex>('eth_getCode', [address, at])));
    if (codes.some((code) => code !== codes[0]))
      throw new EndpointsDisagree(this.name, `code of block ${block.number}`);
    return codes[0]!;
  }

  /** Any other method, at the first node. */
  request<T>(method: string, params: readonly unknown[] = []): Promise<T> {
    return this.endpoints[0]!.rpc.request<T>(method, params);
  }

  /** Gives signed bytes to every node; it is enough if one takes them. */
  async broadcast(raw: Hex): Promise<void> {
    const settled = await Promise.allSettled(
      this.endpoints.map(({ rpc }) => rpc.request<Hex>('eth_sendRawTransaction', [raw])),
    );
    this.answered(settled);
  }

  /**
   * Tells `listener` of every change of head or final block until the returned function is called. Listeners of one
   * reader share one poll.
   */
  watch(listener: HeadListener): () => void {
    return this.heads.watch(listener);
  }

  /** With the same heads a snapshot is the same, except where the node itself moves the final block. One request a node in place of three. */
  private async headsNow(): Promise<string | null> {
    if (this.rules.finality.kind === 'tag') return null;
    const heads = await Promise.all(this.endpoints.map((endpoint) => endpoint.head()));
    return heads.map((head) => head.hash).join(' ');
  }

  private openBells(ring: () => void): { close(): void }[] {
    return this.options.urls.filter(isWebSocket).map((url) => headBell(url, ring));
  }

  /** A snapshot for whoever watches. */
  private async look(): Promise<ChainSnapshot> {
    const snapshot = await this.snapshot();
    observed().saw({ name: this.name, ...snapshot });
    return snapshot;
  }

  private async assertAgreed(block: BlockRef): Promise<void> {
    const seen = await Promise.all(this.endpoints.map((endpoint) => endpoint.blockAt(block.number)));
    if (seen.every((other) => other?.hash === block.hash)) return;
    observed().disagreed({ name: this.name });
    throw new EndpointsDisagree(this.name, `block ${block.number}`);
  }

  private async retried<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ChainMoved)) throw error;
      return read();
    }
  }

  private answered<T>(settled: PromiseSettledResult<T>[]): T[] {
    const values = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = settled.find((one) => one.status === 'rejected');
    if (values.length === 0 && failed) throw failed.reason;
    return values;
  }
}

/**
 * A chain whose rules are not known yet: its identity and its head. Nothing of it is final, so no fact that allows can
 * be read here; `adopt` gives the reader that can.
 */
export class ChainHead {
  private reader: ChainReader | undefined;
  private adopted: ChainRules | undefined;

  /** @param open makes the reader, which asks for its rules whenever it needs them */
  constructor(
    private readonly nodes: ChainNodes,
    private readonly open: (rules: () => ChainRules) => ChainReader,
  ) {}

  /** Local nickname, for messages. */
  get name(): string {
    return this.nodes.name;
  }

  get chainId(): bigint {
    return this.nodes.chainId;
  }

  get chainUid(): Hex {
    return this.nodes.chainUid;
  }

  /** The head with the latest timestamp, however old. */
  head(): Promise<BlockRef> {
    return this.nodes.head();
  }

  /** As `ChainReader.callAt`: in the state of `block`, on all nodes, which must agree. */
  callAt(block: BlockRef, to: string, data: string): Promise<Hex> {
    return this.nodes.callAt(block, to, data);
  }

  /** The reader of this chain under the rules that ChainRegistry holds for it. Adopting again changes the rules of the same reader. */
  adopt(rules: ChainRules): ChainReader {
    this.adopted = rules;
    this.reader ??= this.open(() => this.adopted!);
    return this.reader;
  }
}

function isWebSocket(url: string): boolean {
  return /^wss?:/.test(url);
}

/** Most heads of a quiet chain hold no transaction: their headers already say that they have no logs. */
async function getLogs(
  endpoint: Endpoint,
  filter: LogFilter,
  from: number,
  to: number | 'latest',
): Promise<ChainLog[]> {
  const through = to === 'latest' ? endpoint.lastHead?.number : to;
  if (through !== undefined && endpoint.isEmpty(from, through)) return [];
  const raw = await endpoint.rpc.request<RawLog[]>('eth_getLogs', [
    {
      address: filter.addresses,
      topics: filter.topics,
      fromBlock: toQuantity(from),
      toBlock: to === 'latest' ? to : toQuantity(to),
    },
  ]);
  return raw.map(parseLog);
}

/** The chain's head is not fresh enough to read a fact that allows. */
export class StaleHead extends AppError {
  constructor(
    readonly chain: string,
    readonly why: 'head-too-old' | 'head-ahead-of-clock',
  ) {
    super(
      'chain-stale',
      'unavailable',
      `the head of chain ${chain} is ${why === 'head-too-old' ? 'too old' : 'ahead of the clock'}`,
    );
  }
}

/** The node knows no finalized block; the head never stands in for it. */
export class NoFinalBlock extends AppError {
  constructor(chain: string) {
    super('chain-not-final', 'unavailable', `chain ${chain} shows no final block`);
  }
}
