/**
 * The one nonce writer of an account on a chain.
 *
 * Crash story: a wish is a row first (`queued`); nonce and signed bytes are stored in one transaction before they leave
 * (`sent`); so a process killed at any line starts again with the same bytes, and a reorg is answered with the same bytes.
 * What the chain says counts when it is final.
 */

import { AppError } from '@cpds/errors';
import type { Hex } from '@cpds/contracts';
import { pause, type Leases, type Loop, type Tx, type UnitOfWork } from '@cpds/store';
import { Wallet, type Interface } from 'ethers';
import { In, type EntityManager } from 'typeorm';
import type { ChainReceipt } from './block.js';
import { estimateGas, revertAt } from './dry-run.js';
import type { ChainSnapshot } from './head-watch.js';
import type { ChainReader } from './reader.js';
import { observed } from './observer.js';
import { RpcRefused, RpcUnreachable } from './rpc.js';
import { blockOf, isEnd, openStates, outcomeOf, type SendOutcome } from './send-outcome.js';
import { ChainTransactionRow } from './sender.row.js';
import { quoteFees, signCall, signCancel, type Fees } from './transaction.js';
import { Turns } from './turns.js';

export interface Call {
  readonly to: string;
  readonly data: string;
  /** Wei. Default 0. */
  readonly value?: bigint;
}

export interface SentTransaction {
  readonly key: string;
  readonly chainUid: string;
  readonly account: string;
  readonly hash: Hex;
  readonly to: string;
}

/** Answers of the chain that signing a transaction needs. */
interface Quote {
  readonly gas: bigint;
  readonly fees: Fees;
  /** The account's transactions so far. */
  readonly count: number;
}

export interface SenderOptions {
  readonly reader: ChainReader;
  readonly unitOfWork: UnitOfWork;
  /** The lease keeps a second process on this database from sending with this account. */
  readonly leases: Leases;
  /** The account's private key, 32 bytes hex. */
  readonly privateKey: string;
  /** ABIs whose custom errors refusals are read with. */
  readonly interfaces?: readonly Interface[];
  /** Writes in the transaction that stores the signed bytes: the audit leaf of protocol I9. */
  readonly onSigned?: (tx: Tx, sent: SentTransaction) => Promise<void>;
  /** Writes in the transaction that stores an end. */
  readonly onSettled?: (tx: Tx, key: string, outcome: SendOutcome) => Promise<void>;
  readonly onError?: (error: unknown) => void;
  /** Milliseconds before unmined bytes are sent again. Default 3000. */
  readonly rebroadcastMs?: number;
}

/** Milliseconds that a starting sender waits at most for another process to give the account up. */
const startWithinMs = 3_000;

export class Sender {
  readonly account: Hex;
  private readonly wallet: Wallet;
  private readonly holding: Loop;
  /** Aborts when the first pass under the lease is done. */
  private readonly begun = new AbortController();
  private held = false;
  private unwatch: (() => void) | undefined;
  private readonly turns = new Turns();
  private readonly broadcastAt = new Map<string, number>();

  constructor(private readonly options: SenderOptions) {
    this.wallet = new Wallet(options.privateKey);
    this.account = this.wallet.address.toLowerCase() as Hex;
    const { leases, reader, onError } = options;
    this.holding = leases.hold(
      `chain-sender/${reader.chainUid}/${this.account}`,
      (lost) => this.write(lost),
      (error) => onError?.(error),
    );
  }

  /** True while this process is the account's writer. */
  get isWriter(): boolean {
    return this.held;
  }

  /** Starts sending as soon as the lease is free, and first goes on with the transactions that an earlier process left open. */
  async start(): Promise<void> {
    const { reader } = this.options;
    observed().sends({
      chain: reader.name,
      balance: async () => BigInt(await reader.request<string>('eth_getBalance', [this.account, 'latest'])),
    });
    this.holding.start();
    // A second process has no lease and waits here; after the first pass it is known whether this one has it.
    await pause(startWithinMs, this.begun.signal, this.holding.stopping);
  }

  async stop(): Promise<void> {
    const released = this.holding.stop();
    this.unwatch?.();
    await released;
    await this.turns.idle();
  }

  /**
   * Sends `call` once under `key`. Repeating a key returns where its transaction stands; after `refused` it tries again.
   *
   * @throws AppError `send-key-reused` (conflict) when the key came with another call
   * @throws SenderNotWriter  another process holds this account
   */
  async submit(key: string, call: Call): Promise<SendOutcome> {
    await this.options.unitOfWork.run((tx) => this.enqueue(tx, key, call));
    if (!this.held) throw new SenderNotWriter(this.account);
    // If a node does not answer, the call stays queued; the next head tries again.
    await this.pump().catch((error: unknown) => this.options.onError?.(error));
    return (await this.outcome(key))!;
  }

  /**
   * Stores the call in the caller's transaction; it is sent after the commit, also if this process dies, and at the next
   * head if another process is the account's writer.
   */
  async enqueue(tx: Tx, key: string, call: Call): Promise<void> {
    const row = {
      ...this.id(key),
      to: call.to.toLowerCase(),
      data: call.data.toLowerCase(),
      value: (call.value ?? 0n).toString(),
      state: 'queued' as const,
    };
    await tx.manager
      .createQueryBuilder()
      .insert()
      .into(ChainTransactionRow)
      .values(row)
      .orIgnore()
      .updateEntity(false)
      .execute();
    const stored = await tx.manager.findOneByOrFail(ChainTransactionRow, this.id(key));
    if (stored.to !== row.to || stored.data !== row.data || stored.value !== row.value)
      throw new AppError('send-key-reused', 'conflict', `the key ${key} came with another call`);
    if (stored.state === 'refused')
      await tx.manager.update(ChainTransactionRow, this.id(key), { state: 'queued', revert: null });
    tx.afterCommit(() => void this.pump().catch((error: unknown) => this.options.onError?.(error)));
  }

  /** State of the transaction of `key`, or null if there is none. */
  async outcome(key: string): Promise<SendOutcome | null> {
    const row = await this.rows.findOneBy(ChainTransactionRow, this.id(key));
    return row && outcomeOf(row);
  }

  /**
   * Waits for the end of `key`'s transaction.
   *
   * @throws AppError `send-unknown` (missing), `send-timeout` (unavailable)
   */
  async waitFinal(key: string, timeoutMs = 120_000): Promise<SendOutcome> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const outcome = await this.outcome(key);
      if (outcome === null) throw new AppError('send-unknown', 'missing', `nothing was sent under ${key}`);
      if (isEnd(outcome)) return outcome;
      const leftMs = until - Date.now();
      if (leftMs <= 0) throw new AppError('send-timeout', 'unavailable', `${key} is still ${outcome.state}`);
      await this.turns.nextAnnouncement(Math.min(leftMs, 1000));
    }
  }

  /**
   * Takes the nonce back: replaces a transaction that is not final by an empty transfer to itself. The outcome says
   * which of the two the chain took.
   */
  async cancel(key: string): Promise<SendOutcome> {
    await this.turns.take(async () => {
      const row = await this.rows.findOneBy(ChainTransactionRow, this.id(key));
      if (row === null) throw new AppError('send-unknown', 'missing', `nothing was sent under ${key}`);
      if (row.state === 'queued') await this.settle(row, { state: 'cancelled' });
      if ((row.state !== 'sent' && row.state !== 'mined') || row.cancelRaw !== null) return;
      if (!this.held) throw new SenderNotWriter(this.account);
      const signed = await signCancel(this.wallet, row.raw!, await quoteFees(this.options.reader));
      await this.options.unitOfWork.run(async (tx) => {
        await tx.manager.update(ChainTransactionRow, this.id(key), { cancelRaw: signed.raw, cancelHash: signed.hash });
        await this.options.onSigned?.(tx, { ...this.id(key), hash: signed.hash, to: this.account });
      });
      await this.broadcast(signed.raw);
    });
    return (await this.outcome(key))!;
  }

  private async write(lost: AbortSignal): Promise<void> {
    this.held = true;
    try {
      await this.turns.take(() => this.resume());
      this.unwatch = this.options.reader.watch((snapshot) => this.turns.take(() => this.observe(snapshot)));
      this.begun.abort();
      await new Promise<void>((resolve) => {
        if (lost.aborted) resolve();
        else lost.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      this.held = false;
      this.unwatch?.();
    }
  }

  /** After a start: sends again every transaction that may not have left the earlier process. */
  private async resume(): Promise<void> {
    for (const row of await this.open('sent', 'mined')) await this.broadcast(row.cancelRaw ?? row.raw!);
    await this.signQueued();
  }

  private pump(): Promise<void> {
    return this.turns.take(() => this.signQueued());
  }

  private async signQueued(): Promise<void> {
    if (!this.held) return;
    for (const row of await this.open('queued')) {
      try {
        await this.signOne(row);
      } catch (error) {
        if (error instanceof RpcUnreachable) throw error; // the next call would wait for the same node
        // A call that this node cannot estimate stays queued and is tried again; those behind it must not wait for it.
        this.options.onError?.(error);
      }
    }
  }

  private async signOne(row: ChainTransactionRow): Promise<void> {
    const { reader, interfaces } = this.options;
    const [gas, fees, count] = await Promise.all([
      estimateGas(reader, this.account, row, interfaces),
      quoteFees(reader),
      reader.transactionCount(this.account),
    ]);
    if (typeof gas !== 'bigint') await this.settle(row, { state: 'refused', revert: gas });
    else await this.sign(row, { gas, fees, count });
  }

  private async sign(row: ChainTransactionRow, { gas, fees, count }: Quote): Promise<void> {
    const { reader, unitOfWork, onSigned } = this.options;
    const raw = await unitOfWork.run(async (tx) => {
      const nonce = Math.max(await this.nextNonce(tx.manager), count);
      const signed = await signCall(this.wallet, { row, nonce, gas, fees, chainId: reader.chainId });
      const { affected } = await tx.manager.update(
        ChainTransactionRow,
        { ...this.id(row.key), state: 'queued' },
        { state: 'sent', nonce, raw: signed.raw, hash: signed.hash },
      );
      if (affected !== 1) return null;
      await onSigned?.(tx, { ...this.id(row.key), hash: signed.hash, to: row.to });
      return signed.raw;
    });
    if (raw !== null) await this.broadcast(raw);
  }

  private async nextNonce(manager: EntityManager): Promise<number> {
    const { chainUid, account } = this.id('');
    const [row] = (await manager.query(
      'SELECT max(nonce) + 1 AS next FROM chain_transaction WHERE chain_uid = $1 AND account = $2',
      [chainUid, account],
    )) as [{ next: number | null }];
    return row.next ?? 0;
  }

  /** Compares every open transaction with the chain. The rows are asked at each head: another process may have stored a call. */
  private async observe(snapshot: ChainSnapshot): Promise<void> {
    if (!this.held) return;
    const rows = await this.open(...openStates);
    if (rows.some((row) => row.state === 'queued')) await this.signQueued();
    await Promise.all(rows.filter((row) => row.state !== 'queued').map((row) => this.observeOne(row, snapshot)));
  }

  private async observeOne(row: ChainTransactionRow, snapshot: ChainSnapshot): Promise<void> {
    const { reader } = this.options;
    const [own, cancelled] = await Promise.all([
      reader.receipt(row.hash!),
      row.cancelHash === null ? null : reader.receipt(row.cancelHash),
    ]);
    const receipt = own ?? cancelled;
    if (receipt === null) return this.unmined(row, snapshot);
    if (receipt.blockNumber <= snapshot.final.number) {
      const block = await reader.blockAt(receipt.blockNumber);
      // The receipt is of another branch, or nodes disagree: the next look decides.
      if (block?.hash !== receipt.blockHash) return;
      return this.settle(row, receipt === own ? await this.endOf(row, own) : { state: 'cancelled' });
    }
    if (receipt !== own || (row.state === 'mined' && row.blockHash === own.blockHash)) return;
    await this.options.unitOfWork.run(async (tx) => {
      await tx.manager.update(ChainTransactionRow, this.id(row.key), { state: 'mined', ...blockOf(own) });
    });
    this.turns.announce();
  }

  /** The transaction is in no block: it never was, or a reorg removed it. Sends the same bytes again. */
  private async unmined(row: ChainTransactionRow, snapshot: ChainSnapshot): Promise<void> {
    if (row.state === 'mined') {
      await this.options.unitOfWork.run(async (tx) => {
        const nowhere = { state: 'sent' as const, blockNumber: null, blockHash: null, succeeded: null, gasUsed: null };
        await tx.manager.update(ChainTransactionRow, this.id(row.key), nowhere);
      });
      this.broadcastAt.delete(row.key);
    }
    if (await this.nonceTaken(row, snapshot)) return this.settle(row, { state: 'cancelled' });
    if (Date.now() - (this.broadcastAt.get(row.key) ?? 0) < (this.options.rebroadcastMs ?? 3000)) return;
    this.broadcastAt.set(row.key, Date.now());
    await this.broadcast(row.cancelRaw ?? row.raw!);
  }

  /** True if a transaction that is not ours took the nonce, at finality: somebody else has the key. */
  private async nonceTaken(row: ChainTransactionRow, snapshot: ChainSnapshot): Promise<boolean> {
    const at = { blockHash: snapshot.final.hash, requireCanonical: true };
    const count = Number(await this.options.reader.request<string>('eth_getTransactionCount', [this.account, at]));
    if (count <= row.nonce!) return false;
    // Ours may have been mined between the two questions, so ask for the receipts once more, after the count.
    const receipts = await Promise.all(
      [row.hash, row.cancelHash].map((hash) => hash && this.options.reader.receipt(hash)),
    );
    return receipts.every((receipt) => !receipt);
  }

  private async endOf(row: ChainTransactionRow, receipt: ChainReceipt): Promise<Partial<ChainTransactionRow>> {
    if (receipt.succeeded) return { state: 'final', ...blockOf(receipt) };
    return {
      state: 'reverted',
      ...blockOf(receipt),
      revert: await revertAt(this.options.reader, this.account, row, receipt.blockNumber, this.options.interfaces),
    };
  }

  private async settle(row: ChainTransactionRow, end: Partial<ChainTransactionRow>): Promise<void> {
    await this.options.unitOfWork.run(async (tx) => {
      const { affected } = await tx.manager.update(
        ChainTransactionRow,
        { ...this.id(row.key), state: In([...openStates]) },
        end as Record<string, never>,
      );
      if (affected === 1) await this.options.onSettled?.(tx, row.key, outcomeOf({ ...row, ...end }));
    });
    this.broadcastAt.delete(row.key);
    this.turns.announce();
  }

  /** With "known" or "underpriced" a node says that it has these bytes or their replacement; the receipts decide. */
  private async broadcast(raw: string): Promise<void> {
    try {
      await this.options.reader.broadcast(raw as Hex);
    } catch (error) {
      if (error instanceof RpcRefused && /known|imported|nonce too low|underpriced/i.test(error.message)) return;
      this.options.onError?.(error);
    }
    this.turns.announce();
  }

  private open(...states: (typeof openStates)[number][]): Promise<ChainTransactionRow[]> {
    const { chainUid, account } = this.id('');
    return this.rows.find(ChainTransactionRow, {
      where: { chainUid, account, state: In(states) },
      order: { position: 'ASC' },
    });
  }

  private get rows(): EntityManager {
    return this.options.unitOfWork.reader;
  }

  private id(key: string): { chainUid: string; account: string; key: string } {
    return { chainUid: this.options.reader.chainUid, account: this.account, key };
  }
}

/** Another process is this account's nonce writer; it sends what was enqueued, or this one does when that one ends. */
export class SenderNotWriter extends AppError {
  constructor(account: string) {
    super('send-not-writer', 'unavailable', `another process sends for account ${account}`);
  }
}
