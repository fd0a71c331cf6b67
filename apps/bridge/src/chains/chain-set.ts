/**
 * The chains this process reads and those it sends on. Each is connected in the background and tried again for ever: a
 * hospital whose chain is away must not keep a node from taking a revoke. Until its rules have been read from the hub
 * (`adopt`), nobody can read a chain. Each chain has a loop that ends when it is connected; a round is one try.
 */

import { ChainReader, Sender, type ChainHead, type ChainRules, type SentTransaction } from '@cpds/chain';
import { ChainRegistry, LockedAccount, MappedDeeds, StoremanRegistry, TransferLedger } from '@cpds/contracts';
import { toHex } from '@cpds/crypto/bytes';
import { unavailable } from '@cpds/errors';
import { events } from '@cpds/messages';
import { Changes, told, type Outcome } from '@cpds/outbox';
import { Leases, Loop, UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import { Interface } from 'ethers';

/** Nickname of the hub in CHAINS. */
export const hubName = 'hub';

export abstract class ChainSetOptions {
  /** RPC urls by nickname. */
  abstract readonly chains: Readonly<Record<string, readonly string[]>>;
  /** Nicknames of the chains this process's account sends on. */
  abstract readonly sendsOn: readonly string[];
  /** The account's private key. Omit if this process sends no transactions. */
  abstract readonly gasKey?: Uint8Array;
  abstract readonly pollMs: number;
  abstract readonly onError: (error: unknown) => void;
}

type Listener = (head: ChainHead, nickname: string) => void;

/** Between two tries to connect a chain, milliseconds. */
const retryMs = 1_000;

const interfaces = [LockedAccount, MappedDeeds, TransferLedger, StoremanRegistry, ChainRegistry].map(
  ({ abi }) => new Interface(abi),
);

@Injectable()
export class ChainSet {
  /** By nickname. */
  private readonly connected = new Map<string, ChainHead>();
  /** By uid: the chains whose rules have been read. */
  private readonly readers = new Map<string, ChainReader>();
  private readonly senders = new Map<string, Sender>();
  private readonly listeners: Listener[] = [];
  private readonly stopping = new AbortController();
  private connecting: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly leases: Leases,
    private readonly changes: Changes,
    private readonly options: ChainSetOptions,
  ) {}

  start(): void {
    const { chains, onError } = this.options;
    const loops = Object.keys(chains).map(
      (nickname) => new Loop({ round: () => this.connect(nickname), everyMs: retryMs, onError }),
    );
    this.connecting = Promise.all(loops.map((loop) => loop.run(this.stopping.signal)));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.connecting;
    await Promise.all([...this.senders.values()].map((sender) => sender.stop()));
  }

  /** Calls `listener` once for every chain that answers, those that do already included. */
  onConnected(listener: Listener): void {
    this.listeners.push(listener);
    for (const [nickname, head] of this.connected) listener(head, nickname);
  }

  /** The uid of each chain that has answered, by nickname. */
  uids(): [nickname: string, chainUid: string][] {
    return [...this.connected].map(([nickname, { chainUid }]) => [nickname, chainUid]);
  }

  /** The chain's reader once its rules are read, else undefined. */
  readerOf(chainUid: string): ChainReader | undefined {
    return this.readers.get(chainUid);
  }

  /** @throws AppError `chain-away` (unavailable) */
  requireReader(chainUid: string): ChainReader {
    const reader = this.readerOf(chainUid);
    if (!reader) throw unavailable('chain-away', 'a chain is not connected or not registered yet');
    return reader;
  }

  /** The hub's reader once its rules are read. */
  get hub(): ChainReader | undefined {
    const hub = this.connected.get(hubName);
    return hub && this.readerOf(hub.chainUid);
  }

  /** The sender of this process's account on a chain. @throws AppError `chain-away` (unavailable) */
  senderOf = (chainUid: string): Sender => {
    const sender = this.senders.get(chainUid);
    if (!sender) throw unavailable('chain-away', 'this process does not send on that chain, or not yet');
    return sender;
  };

  /** Takes the rules that the hub's registry holds for a chain. */
  adopt(chainUid: string, rules: ChainRules): void {
    for (const head of this.connected.values()) {
      if (head.chainUid !== chainUid) continue;
      const reader = head.adopt(rules);
      if (!this.readers.has(chainUid)) this.readers.set(chainUid, reader);
      if (!this.senders.has(chainUid)) this.openSender(reader);
    }
  }

  private async connect(nickname: string): Promise<'done'> {
    const { chains, pollMs, onError } = this.options;
    const head = await ChainReader.connect({ name: nickname, urls: chains[nickname]!, pollMs, onError });
    this.connected.set(nickname, head);
    for (const listener of this.listeners) listener(head, nickname);
    return 'done';
  }

  private openSender(reader: ChainReader): void {
    const { gasKey, sendsOn, onError } = this.options;
    if (!gasKey || !sendsOn.includes(reader.name) || this.stopping.signal.aborted) return;
    const sender = new Sender({
      reader,
      unitOfWork: this.unitOfWork,
      leases: this.leases,
      privateKey: `0x${toHex(gasKey)}`,
      interfaces,
      // Appends the audit leaf of a transaction (invariant I9), in the database transaction that stores its bytes.
      onSigned: (tx, sent) => this.changes.within(tx, leafOf(sent)),
      onError,
    });
    this.senders.set(reader.chainUid, sender);
    sender.start().catch(onError);
  }
}

/** What a transaction is told by. */
function leafOf({ key, chainUid, account, to, hash }: SentTransaction): Outcome<void> {
  const grantId = /^(?:lock|mint|refund|vouch|revoke|give-back):(0x[0-9a-f]{64})/.exec(key)?.[1];
  return told({
    type: events.transactionSent,
    correlation: (grantId ?? key).slice(0, 80),
    details: { key, chainUid, account, to, hash },
  });
}
