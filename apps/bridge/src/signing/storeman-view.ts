import { fromHex } from '@cpds/crypto/bytes';
import { grantId as grantIdOf } from '@cpds/contracts';
import { denied, unavailable } from '@cpds/errors';
import type { Grant, Hex } from '@cpds/messages';
import { Injectable } from '@nestjs/common';
import { Consortium, groupOf, hospitalOfChain, type Group, type Hospital } from '../chains/consortium-view.js';
import { factsQuery, FactsReader, type Facts } from '../transfers/facts.js';
import { stopOf } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';
import type { GuardInput, GuardOutcome } from './guards.js';

/** A grant that a storeman was asked about: the asker, and the parties by the storeman's own view of the consortium. */
export interface AskedGrant {
  grantId: Hex;
  grant: Grant;
  homeUid: Hex;
  home: Hospital;
  destination: Hospital;
}

/** Resolves a grant against the hub's registries. The grantId is computed, never taken from a message. */
export function askedGrant(consortium: Consortium, homeUid: Hex, grant: Grant): AskedGrant {
  fromHex(homeUid, 'homeUid', 32);
  const view = consortium.current();
  const home = hospitalOfChain(view, homeUid);
  const destination = hospitalOfChain(view, grant.destinationUid);
  return { grantId: grantIdOf(homeUid, grant) as Hex, grant, homeUid, home, destination };
}

/** The party that coordinates, since it needs the result: the destination for Mint and release, the home hospital for NotMapped. */
export function checkCoordinator(asked: AskedGrant, action: 'mint' | 'not-mapped' | 'release', from: string): void {
  const expected = action === 'not-mapped' ? asked.home : asked.destination;
  if (expected.party !== from) throw denied('not-coordinator', `${from} may not ask for ${action} of this grant`);
}

/** The group of a hospital's key. @throws AppError `no-group`; `not-a-member` when `party` holds no share in it */
export function ownGroup(consortium: Consortium, keyId: string | undefined): { group: Group; index: number } {
  const group = groupOf(consortium.current(), keyId);
  const own = group.members.find((member) => member.party === consortium.self);
  if (!own) throw unavailable('not-a-member', 'this node holds no share of this key in the current epoch');
  return { group, index: own.index };
}

/** The facts that a guard decides on, and the row that the outcome concerns. */
export interface StoremanFacts extends GuardInput {
  facts: Facts;
  rowId: string | null;
}

/** Milliseconds between two looks at facts that are not there yet. */
const lookAgainMs = 150;

export abstract class StoremanViewOptions {
  /** Facts are looked at again for this long before the answer is "not yet", milliseconds. */
  abstract readonly patienceMs: number;
}

/** Reads what a guard decides on, now: chains, own row, registries. */
@Injectable()
export class StoremanView {
  constructor(
    private readonly consortium: Consortium,
    private readonly facts: FactsReader,
    private readonly transfers: TransfersService,
    private readonly options: StoremanViewOptions,
  ) {}

  /**
   * A guard's decision now. Chains show a fact to one node a moment before another, and the asker has seen it: so a
   * `wait` is looked at again for a while before it is answered. A fact that forbids ends this at once.
   */
  async guarded(
    asked: AskedGrant,
    guard: (input: GuardInput) => GuardOutcome,
  ): Promise<{ outcome: GuardOutcome; input: StoremanFacts }> {
    const until = Date.now() + this.options.patienceMs;
    for (;;) {
      const input = await this.of(asked);
      const outcome = guard(input);
      const isWait = outcome.outcome === 'answer' && outcome.verdict === 'wait';
      if (!isWait || Date.now() + lookAgainMs > until) return { outcome, input };
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  async of(asked: AskedGrant): Promise<StoremanFacts> {
    const { grant, grantId, home, destination } = asked;
    const facts = await this.facts.gather(factsQuery({ role: 'S', ...asked }));
    // The row is read after the chains: a revoke that arrived meanwhile forbids.
    const row = await this.transfers.findByGrant(grantId, 'S');
    return {
      grant,
      facts,
      home,
      destination,
      hubW: this.consortium.current().hub.w,
      rowId: row?.id ?? null,
      rowState: row?.state ?? null,
      isRevoked: row ? stopOf(row) === 'revoked' : await this.transfers.restsRevoked(grantId),
    };
  }
}
