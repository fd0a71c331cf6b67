import type { BlockRef, ChainReader } from '@cpds/chain';
import { CheckpointAnchor, DeedRegistry } from '@cpds/contracts';
import { to0x, u256, u64, utf8 } from '@cpds/crypto/bytes';
import { keccak256 } from '@cpds/crypto/hash';
import type { Hex } from '@cpds/messages';
import { Injectable } from '@nestjs/common';
import { ChainSet } from './chain-set.js';
import { ConsortiumReader, HubContracts } from './consortium-reader.js';
import { hospitalOfChain } from './consortium-view.js';

/** A cohort of A's DeedRegistry as its final event carries it. */
export interface FinalCohort {
  xs: Hex[];
  commitments: Hex[];
}

/** What B reads of A's deeds and logs on the chains, beside the grant's own facts: deeds on their home chain, anchors on the hub. */
@Injectable()
export class DeedEvidence {
  constructor(
    private readonly chains: ChainSet,
    private readonly consortium: ConsortiumReader,
    private readonly contracts: HubContracts,
  ) {}

  /** The cohort, if its minting is final on the home chain; null otherwise. */
  async finalCohort(homeUid: string, cohort: number): Promise<FinalCohort | null> {
    const { deedRegistry } = hospitalOfChain(this.consortium.current(), homeUid);
    const reader = this.chains.requireReader(homeUid);
    const final = await reader.final();
    await this.consortium.assertCode(reader, final, deedRegistry);
    const topics = [DeedRegistry.topics.CohortMinted, to0x(u256(cohort))];
    const [log] = await reader.logs({ addresses: [deedRegistry], topics }, 0, final.number);
    const event = log && DeedRegistry.decodeLog(log);
    if (event?.name !== 'CohortMinted') return null;
    return {
      xs: event.args.xs.map((x) => to0x(u256(x))),
      commitments: event.args.commitments.map((commitment) => commitment.toLowerCase() as Hex),
    };
  }

  /**
   * When `account` anchored a checkpoint of the log `origin` with this size and root on the hub (final); seconds, or null
   * if it did not. Anybody can anchor anything: whose anchors count is for the caller to say.
   *
   * An anchor of exactly this size and root: roots of other sizes prove nothing about it without the log. Does not ask
   * for those of other accounts, which could anchor a second log that nobody else is shown (decision 0004).
   */
  async anchoredAt(account: string, origin: string, size: number, root: string): Promise<number | null> {
    const hub = this.chains.requireReader(this.consortium.current().hub.chainUid);
    const final = await hub.final();
    const topics = [
      CheckpointAnchor.topics.Anchored,
      to0x(keccak256(utf8(origin))),
      to0x(u256(BigInt(account))),
      to0x(u256(u64Value(size))),
    ];
    const logs = await hub.logs({ addresses: [this.contracts.checkpointAnchor], topics }, 0, final.number);
    for (const log of logs) {
      const event = CheckpointAnchor.decodeLog(log);
      if (event?.name !== 'Anchored' || event.args.root.toLowerCase() !== root.toLowerCase()) continue;
      return (await blockOf(hub, log.blockNumber)).timestamp;
    }
    return null;
  }
}

async function blockOf(reader: ChainReader, number: number): Promise<BlockRef> {
  const block = await reader.blockAt(number);
  if (block === null) throw new Error('a final log without its block');
  return block;
}

/** Refuses a number that is no uint64 before it becomes a topic. */
function u64Value(size: number): bigint {
  return BigInt(to0x(u64(size)));
}
