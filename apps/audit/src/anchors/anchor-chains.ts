import { Injectable } from '@nestjs/common';
import { ChainReader, readHubRules, rulesOf, Sender, type ChainHead, type Glance } from '@cpds/chain';
import { type AnchorStruct, type CallRunner, CheckpointAnchor, ChainRegistry, type Hex } from '@cpds/contracts';
import { fromHex, toHex } from '@cpds/crypto/bytes';
import { emptyRoot } from '@cpds/crypto/tlog';
import { unavailable } from '@cpds/errors';
import { Leases, Loop, UnitOfWork } from '@cpds/store';
import { computeAddress, Interface } from 'ethers';
import { AuditLog } from '../log/log.service.js';
import { Anchors } from './anchors.service.js';

export abstract class AnchorChainsOptions {
  /** RPC urls by nickname. */
  abstract readonly chains: Readonly<Record<string, readonly string[]>>;
  abstract readonly ownChain: string;
  abstract readonly hubChain: string;
  /** ChainRegistry on the hub. */
  abstract readonly registry: string;
  /** CheckpointAnchor on the hub; the own chain's is read from the registry. */
  abstract readonly hubAnchor: string;
  abstract readonly origin: string;
  abstract readonly gasKey: Uint8Array;
  abstract readonly pollMs: number;
  abstract readonly onError: (error: unknown) => void;
}

/** Milliseconds before a chain that does not answer or is not registered yet is tried again. */
const retryMs = 1_000;

/**
 * Brings the chains of `Anchors` into service, each as soon as the hub's registry knows it. The log does not wait for
 * them: events come before chains are deployed. A round is one try at one chain.
 */
@Injectable()
export class AnchorChains {
  private readonly connecting: readonly Loop[];
  private readonly senders: Sender[] = [];

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly leases: Leases,
    private readonly anchors: Anchors,
    private readonly log: AuditLog,
    private readonly options: AnchorChainsOptions,
  ) {
    this.connecting = [...new Set([options.ownChain, options.hubChain])].map(
      (name) => new Loop({ round: () => this.connect(name), everyMs: retryMs, onError: options.onError }),
    );
  }

  start(): void {
    for (const loop of this.connecting) loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.connecting.map((loop) => loop.stop()));
    await Promise.all(this.senders.map((sender) => sender.stop()));
  }

  private async connect(name: string): Promise<'done'> {
    const hub = await this.headOf(this.options.hubChain);
    const own = name === this.options.hubChain ? hub : await this.headOf(name);
    const registry = await this.atFinality(hub.adopt(await readHubRules(hub, this.options.registry)));
    const entry = await registry.chainOf(own.chainUid);
    const reader = own.adopt(rulesOf(entry));
    const account = computeAddress(`0x${toHex(this.options.gasKey)}`);
    if (name === this.options.ownChain && entry.logAccount.toLowerCase() !== account.toLowerCase())
      throw unavailable(
        'other-log-account',
        `the hub names ${entry.logAccount} for the log of ${name}: anchors of ${account} would count for nobody`,
      );
    const contract =
      name === this.options.hubChain
        ? this.options.hubAnchor
        : (await registry.baseContractsOf(reader.chainUid)).checkpointAnchor.account;
    if (BigInt(contract) === 0n)
      throw unavailable('chain-unregistered', `${name} has no CheckpointAnchor on the hub yet`);

    const compare = (): Promise<void> => this.compare(name, reader, contract, account);
    await compare();
    if (this.log.standing.stopped !== null) return 'done';
    // Anchors of what was anchored before would be refused.
    await this.log.assertCaughtUp();

    const sender = new Sender({
      reader,
      unitOfWork: this.unitOfWork,
      leases: this.leases,
      privateKey: `0x${toHex(this.options.gasKey)}`,
      interfaces: [new Interface(CheckpointAnchor.abi)],
      onSettled: (tx, key, outcome) => this.anchors.settle(tx, name, key, outcome),
      onError: this.options.onError,
    });
    this.senders.push(sender);
    await sender.start();
    const { origin } = this.options;
    this.anchors.serve({
      chain: name,
      sender,
      callOf: (size, root) => ({
        to: contract,
        data: CheckpointAnchor.calldata.anchor(origin, size, `0x${toHex(root)}`),
      }),
      compare,
    });
    return 'done';
  }

  /**
   * Compares the log with its newest anchor as each node of the chain shows it, final or not: whoever saw it has the
   * checkpoint. Heads must be fresh, since an old one hides anchors.
   */
  private async compare(chain: string, reader: ChainReader, contract: string, account: string): Promise<void> {
    reader.assertFresh(await reader.snapshot());
    const { options, log } = this;
    const lastIn = (call: CallRunner['call']): Promise<AnchorStruct> =>
      new CheckpointAnchor(contract, { call }).last(account, options.origin);
    let answers: readonly Glance[] = [];
    await lastIn(async ({ to, data }) => {
      answers = await reader.glance(to, data);
      return answerOf(answers[0]!.data);
    });
    for (const { data } of answers) {
      const { size, root } = await lastIn(() => Promise.resolve(answerOf(data)));
      await log.compare({
        where: chain,
        size: Number(size),
        root: size === 0n ? emptyRoot() : fromHex(root, 'root', 32),
      });
    }
    if (log.standing.stopped === null) log.standing.heard(chain);
  }

  private headOf(name: string): Promise<ChainHead> {
    const { chains, pollMs, onError } = this.options;
    return ChainReader.connect({ name, urls: chains[name] ?? [], pollMs, onError });
  }

  private async atFinality(hub: ChainReader): Promise<ChainRegistry> {
    const block = await hub.lastFinal();
    return new ChainRegistry(this.options.registry, {
      call: async ({ to, data }) => answerOf(await hub.callAt(block, to, data)),
    });
  }
}

/** An address without code answers nothing. */
function answerOf(data: Hex): Hex {
  if (data === '0x') throw unavailable('chain-unregistered', 'there is no contract at this address yet');
  return data;
}
