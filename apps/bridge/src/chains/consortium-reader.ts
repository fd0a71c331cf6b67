import {
  readHubRules,
  rulesOf,
  type BlockRef,
  type ChainHead,
  type ChainReader,
  type ChainSnapshot,
  type LogFilter,
} from '@cpds/chain';
import { ChainRegistry, StoremanRegistry, TransferLedger, type CallRunner } from '@cpds/contracts';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { keccak256 } from '@cpds/crypto/hash';
import { assert, unavailable } from '@cpds/errors';
import type { Hex } from '@cpds/messages';
import { Loop } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import { ChainSet, hubName } from './chain-set.js';
import { Consortium, type ConsortiumView } from './consortium-view.js';
import { codeHashesOf, codePlace, viewOf, type Members, type Registries } from './registries.js';

/** Addresses of the hub's contracts, the only ones that this process takes from its configuration. */
export abstract class HubContracts {
  abstract readonly chainRegistry: string;
  abstract readonly storemanRegistry: string;
  abstract readonly transferLedger: string;
  abstract readonly checkpointAnchor: string;
}

export abstract class ConsortiumReaderOptions {
  /** The party this process runs as. */
  abstract readonly self: string;
  abstract readonly onError: (error: unknown) => void;
}

/** Between two tries to read the hub's own rules, milliseconds. */
const retryMs = 1_000;

/** Events after which the view may read differently. */
const changeTopics = [
  ...(['ChainRegistered', 'BaseContractsSet', 'TransferContractsAdded', 'ExchangeUrlSet', 'Paused'] as const).map(
    (name) => ChainRegistry.topics[name],
  ),
  ...(['MemberAdmitted', 'BondPaid', 'MemberRetired', 'BondWithdrawn', 'GroupActivated'] as const).map(
    (name) => StoremanRegistry.topics[name],
  ),
];

/**
 * Reads the registries at the hub's final block and again whenever one of them changed; hands each chain's rules to the
 * chain set. Before the first reading every question is refused as `unavailable`. A loop tries to read the hub's own
 * rules once a round; from then on the hub's heads say when to look.
 */
@Injectable()
export class ConsortiumReader extends Consortium {
  private codeHashes = new Map<string, Hex>();
  private readonly provenCode = new Set<string>();
  private readThrough = -1;
  private unwatch: () => void = () => undefined;
  private hub: ChainHead | undefined;
  private readonly beginning: Loop;
  private readonly listeners: ((view: ConsortiumView) => void)[] = [];

  constructor(
    private readonly contracts: HubContracts,
    private readonly chains: ChainSet,
    { self, onError }: ConsortiumReaderOptions,
  ) {
    super(self);
    this.beginning = new Loop({ round: () => this.begin(), everyMs: retryMs, onError });
  }

  start(): void {
    this.chains.onConnected((head, nickname) => {
      if (nickname === hubName) {
        this.hub = head;
        this.beginning.start();
      }
      // The rules of a chain that answers late may be known already.
      else this.readThrough = -1;
    });
  }

  async stop(): Promise<void> {
    await this.beginning.stop();
    this.unwatch();
  }

  /** Called after each reading that may have changed something. */
  onRead(listener: (view: ConsortiumView) => void): void {
    this.listeners.push(listener);
    if (this.view) listener(this.view);
  }

  /**
   * Throws unless the code at `address` is what the hub registered: no proxies, no impostor.
   *
   * @throws AppError `foreign-code` (unavailable)
   */
  async assertCode(reader: ChainReader, block: BlockRef, address: string): Promise<void> {
    const place = codePlace(reader.chainUid, address);
    if (this.provenCode.has(place)) return;
    const found = to0x(keccak256(fromHex(await reader.codeAt(block, address), 'code')));
    if (found !== this.codeHashes.get(place))
      throw unavailable('foreign-code', `the code at ${address} is not what the hub registered`);
    this.provenCode.add(place);
  }

  private async begin(): Promise<'done'> {
    assert(this.hub, 'it begins when the hub has answered');
    const { chainUid } = this.hub;
    this.chains.adopt(chainUid, await readHubRules(this.hub, this.contracts.chainRegistry));
    const hub = this.chains.requireReader(chainUid);
    this.unwatch = hub.watch((snapshot) => this.look(hub, snapshot));
    return 'done';
  }

  private async look(hub: ChainReader, { final }: ChainSnapshot): Promise<void> {
    if (this.readThrough >= 0) {
      if (final.number <= this.readThrough) return;
      const { chainRegistry, storemanRegistry, transferLedger } = this.contracts;
      const filter: LogFilter = {
        addresses: [chainRegistry, storemanRegistry, transferLedger],
        topics: [changeTopics],
      };
      if ((await hub.logs(filter, this.readThrough + 1, final.number)).length === 0) {
        this.readThrough = final.number;
        return;
      }
    }
    await this.read(hub, final);
    this.readThrough = final.number;
  }

  private async read(hub: ChainReader, block: BlockRef): Promise<void> {
    const runner: CallRunner = { call: async ({ to, data }) => answerOf(await hub.callAt(block, to, data)) };
    const registries = await readRegistries(this.contracts, hub.chainUid, runner);
    const view = viewOf(registries);
    if (view === null) throw unavailable('hub-unread', 'the hub is not registered in its own registry yet');
    for (const { uid, chain } of registries.chains) this.chains.adopt(uid.toLowerCase(), rulesOf(chain));
    this.codeHashes = codeHashesOf(registries);
    this.view = view;
    for (const listener of this.listeners) listener(view);
  }
}

async function readRegistries(contracts: HubContracts, hubUid: string, runner: CallRunner): Promise<Registries> {
  const chainRegistry = new ChainRegistry(contracts.chainRegistry, runner);
  const storemanRegistry = new StoremanRegistry(contracts.storemanRegistry, runner);
  const ledger = new TransferLedger(contracts.transferLedger, runner);
  const [uids, storemen, vouchers, vouchesNeeded, signKey, sealKey] = await Promise.all([
    chainRegistry.chainUids(),
    membersOf(storemanRegistry),
    membersOf(ledger),
    ledger.vouchesNeeded(),
    storemanRegistry.currentKeyId('Sign'),
    storemanRegistry.currentKeyId('Seal'),
  ]);
  const chains = await Promise.all(
    uids.map(async (uid) => {
      const [chain, base, transfers, isPaused] = await Promise.all([
        chainRegistry.chainOf(uid),
        chainRegistry.baseContractsOf(uid),
        chainRegistry.transferContractsOf(uid),
        chainRegistry.isPaused(uid),
      ]);
      return { uid, chain, base, transfers, isPaused };
    }),
  );
  const used = chains.flatMap(({ transfers }) => transfers.flatMap((set) => [set.signKeyId, set.sealKeyId]));
  const keyIds = [...new Set([signKey, sealKey, ...used])].filter((id) => BigInt(id) !== 0n);
  const groups = await Promise.all(
    keyIds.map(async (keyId) => ({ keyId, group: await storemanRegistry.groupOf(keyId) })),
  );
  return { hubUid, chains, storemen, vouchers, vouchesNeeded, groups };
}

async function membersOf(registry: StoremanRegistry | TransferLedger): Promise<Members> {
  const [list, bondNeeded] = await Promise.all([registry.members(), registry.bondNeeded()]);
  return { list, bondNeeded };
}

/** An address without code answers nothing: not deployed yet, or not final yet. */
function answerOf(data: Hex): Hex {
  if (data === '0x') throw unavailable('hub-unread', 'the hub has no contract at a configured address yet');
  return data;
}
