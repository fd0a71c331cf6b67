import { TransferLedger } from '@cpds/contracts';
import { Loop } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import { ChainSet } from '../chains/chain-set.js';
import { HubContracts } from '../chains/consortium-reader.js';
import { Consortium } from '../chains/consortium-view.js';

/** Milliseconds between two anchors of heads (wire.md, TransferLedger). */
const anchorEveryMs = 60_000;
/** Milliseconds before a round is tried again that a chain did not answer. */
const retryMs = 2_000;

export abstract class HeadsOptions {
  abstract readonly onError: (error: unknown) => void;
}

/**
 * Anchors each home chain's final block on the hub, so that a hospital's chain cannot show one history to one voucher
 * and another to the next. A round anchors all heads; the next one makes up for a missed one: the hub keeps the last
 * head of each voucher.
 */
@Injectable()
export class HeadsService {
  private readonly loop: Loop;

  constructor(
    private readonly chains: ChainSet,
    private readonly consortium: Consortium,
    private readonly contracts: HubContracts,
    { onError }: HeadsOptions,
  ) {
    this.loop = new Loop({ round: () => this.anchorAll(), everyMs: anchorEveryMs, retryMs, onError });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async anchorAll(): Promise<void> {
    const { hospitals } = this.consortium.current();
    // One chain that is away or hangs keeps no other head from being anchored; the round is then made again soon.
    const settled = await Promise.allSettled(hospitals.map(({ chainUid }) => this.anchor(chainUid)));
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }

  private async anchor(chainUid: string): Promise<void> {
    const hub = this.chains.hub;
    const reader = this.chains.readerOf(chainUid);
    if (!hub || !reader) return;
    const { number, hash } = await reader.final();
    await this.chains.senderOf(hub.chainUid).submit(`head:${number}:${chainUid}`, {
      to: this.contracts.transferLedger,
      data: TransferLedger.calldata.head(chainUid, number, hash),
    });
  }
}
