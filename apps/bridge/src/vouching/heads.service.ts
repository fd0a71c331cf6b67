import { TransferLedger } from '@cpds/contracts';
import { pause } from '@cpds/store';
import type { ChainSet } from '../chains/chain-set.js';
import type { Consortium } from '../chains/consortium-view.js';

/** Heads are anchored this often, milliseconds (wire.md, TransferLedger). */
const EVERY_MS = 60_000;
/** A turn that a chain could not answer is tried again after this long. */
const RETRY_MS = 2_000;

/**
 * Anchors each home chain's final block on the hub: what a hospital's chain said to one voucher it cannot unsay to
 * another. A missed turn is made up by the next: the hub keeps the last head of each voucher.
 */
export class HeadsService {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly chains: ChainSet,
    private readonly consortium: Consortium,
    private readonly transferLedger: string,
    private readonly onError: (error: unknown) => void,
    private readonly everyMs: number = EVERY_MS,
  ) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const isDone = await this.anchorAll().catch((error: unknown) => this.onError(error));
      await pause(isDone ? this.everyMs : RETRY_MS, this.stopping.signal);
    }
  }

  private async anchorAll(): Promise<boolean> {
    for (const { chainUid } of this.consortium.current().hospitals) await this.anchor(chainUid);
    return true;
  }

  private async anchor(chainUid: string): Promise<void> {
    const hub = this.chains.hub;
    const reader = this.chains.readerOf(chainUid);
    if (!hub || !reader) return;
    const { number, hash } = await reader.final();
    await this.chains.senderOf(hub.chainUid).submit(`head:${number}:${chainUid}`, {
      to: this.transferLedger,
      data: TransferLedger.calldata.head(chainUid, number, hash),
    });
  }
}
