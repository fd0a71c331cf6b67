/**
 * "Every step is there": which events each outcome of a grant must have left, in which log, in which order. Pure.
 *
 * Order is judged between events of one producer only: a log takes each producer's events in their order, but two
 * producers' as they arrive. Whoever closes a grant early need not have seen the other side's steps, so a table holds
 * only steps without which its outcome is impossible.
 */

import { events } from '@cpds/messages';
import type { ChainGrant } from './chain-facts.js';
import type { Discrepancy } from './discrepancy.js';
import type { Outcome, Policy } from './policy.js';
import type { ReadLeaf } from './verify-log.js';

/** The log of the hospital that holds the record, of the one that reads it, or of the hub's role nodes. */
type Place = 'home' | 'destination' | 'hub';

/** How many distinct producers must tell of the step: one, or as many as the rules say. */
type Quorum = 'one' | 'vouchers' | 'storemen';

interface Step {
  readonly at: Place;
  readonly type: string;
  readonly by: Quorum;
}

const step = (at: Place, type: string, by: Quorum = 'one'): Step => ({ at, type, by });

const lockSteps = [step('home', events.consented), step('home', events.lockSent), step('home', events.locked)];
const releaseSteps = [
  ...lockSteps,
  step('hub', events.vouchSent, 'vouchers'),
  step('hub', events.shareSigned, 'storemen'),
  step('destination', events.consented),
  step('destination', events.mintSent),
  step('destination', events.mapped),
  step('hub', events.partialReleased, 'storemen'),
  step('destination', events.released),
];

/** Steps of one place stand in the order in which they must have happened there. */
export const requiredSteps: Readonly<Record<Outcome, readonly Step[]>> = {
  released: releaseSteps,
  shared: [...releaseSteps, step('home', events.disclosed), step('destination', events.opened)],
  refunded: [...lockSteps, step('hub', events.shareSigned, 'storemen'), step('home', events.refunding)],
  revoked: [...lockSteps, step('home', events.revokeReceived), step('hub', events.revokeReceived, 'storemen')],
};

/** Pairs that are forbidden: a producer that told of `after` must not tell of `type` later (protocol I7). */
const never: readonly { readonly after: string; readonly at: Place; readonly type: string }[] = [
  { after: events.revokeReceived, at: 'destination', type: events.released },
  { after: events.revokeReceived, at: 'destination', type: events.bridgeOpened },
  { after: events.revokeReceived, at: 'hub', type: events.partialReleased },
];

/** Events that only grants leave: correlations without one of them are those of requests or ceremonies. */
export const grantEvents: ReadonlySet<string> = new Set(
  Object.values(requiredSteps).flatMap((steps) => steps.map((one) => one.type)),
);

/** A grant as logs and chains show it. */
export interface GrantStory {
  readonly grantId: string;
  readonly home: string | null;
  readonly destination: string | null;
  readonly outcomes: readonly Outcome[];
}

/** Every leaf of a grant, by the party whose log has it. */
export type GrantLeaves = ReadonlyMap<string, readonly ReadLeaf[]>;

/** Outcomes of a grant: those that the chains show, and those that only the logs claim. */
export function storyOf(grantId: string, leaves: GrantLeaves, chain: ChainGrant | undefined, hub: string): GrantStory {
  const hospitals = [...leaves].filter(([party]) => party !== hub);
  const where = (type: string): string | null =>
    hospitals.find(([, own]) => own.some((leaf) => leaf.type === type))?.[0] ?? null;
  const outcomes: Outcome[] = [];
  if (where(events.opened) !== null) outcomes.push('shared');
  else if (where(events.released) !== null) outcomes.push('released');
  if (chain?.lockClosed === 'Refunded' || where(events.refunding) !== null) outcomes.push('refunded');
  if (chain?.lockClosed === 'Revoked' || chain?.mappingClosed === 'Revoked') outcomes.push('revoked');
  return {
    grantId,
    home: chain?.lockedAt ?? where(events.lockSent),
    destination: chain?.mappedAt ?? where(events.mintSent) ?? where(events.released),
    outcomes,
  };
}

/** Numbers and limits by which the steps of a grant are judged. */
export interface Rules {
  readonly expectations: Policy['expectations'];
  readonly outcomes: readonly Outcome[];
  /** How many leaves of a party's log all its anchors cover; a step behind them can still be taken back. */
  readonly anchoredSizeOf: (party: string) => number;
}

/** Finds every step of one grant that is missing, not anchored, out of order or forbidden. */
export function checkSteps(story: GrantStory, leaves: GrantLeaves, rules: Rules): Discrepancy[] {
  const { expectations } = rules;
  const needed = { one: 1, vouchers: expectations.vouchesNeeded, storemen: expectations.threshold };
  const partyOf = (place: Place): string => (place === 'hub' ? expectations.hub : story[place]) ?? place;
  const leavesOf = (place: Place): readonly ReadLeaf[] => leaves.get(partyOf(place)) ?? [];
  const found: Discrepancy[] = [];
  const say = (code: string, place: Place, message: string, leafIndex?: number): void =>
    void found.push({
      code,
      party: partyOf(place),
      grantId: story.grantId,
      message,
      ...(leafIndex === undefined ? {} : { leafIndex }),
    });

  for (const outcome of rules.outcomes) {
    const reached = new Map<string, ReadLeaf>();
    for (const { at, type, by } of requiredSteps[outcome]) {
      const those = leavesOf(at).filter((leaf) => leaf.type === type);
      const anchored = those.filter((leaf) => leaf.leafIndex < rules.anchoredSizeOf(partyOf(at)));
      const count = `${producersOf(those)} of ${needed[by]}`;
      if (producersOf(those) < needed[by]) say('step-missing', at, `${outcome}: ${type} is there from ${count}`);
      else if (producersOf(anchored) < needed[by])
        say('step-unanchored', at, `${outcome}: ${type} is not under every anchor yet`, those[0]!.leafIndex);
      // Members of a quorum act at different times, so the first one's place says nothing of the others.
      if (by !== 'one' || those[0] === undefined) continue;
      const before = reached.get(those[0].producer);
      if (before !== undefined && those[0].leafIndex < before.leafIndex)
        say('step-order', at, `${outcome}: ${type} stands before ${before.type}`, those[0].leafIndex);
      reached.set(those[0].producer, those[0]);
    }
  }
  for (const rule of never)
    for (const later of leavesOf(rule.at).filter((leaf) => leaf.type === rule.type)) {
      const barrier = leavesOf(rule.at).find((leaf) => leaf.type === rule.after && leaf.producer === later.producer);
      if (barrier !== undefined && barrier.leafIndex < later.leafIndex)
        say('step-forbidden', rule.at, `${later.producer} tells ${later.type} after ${rule.after}`, later.leafIndex);
    }
  return found;
}

const producersOf = (leaves: readonly ReadLeaf[]): number => new Set(leaves.map((leaf) => leaf.producer)).size;

/** Finds where logs and chains contradict each other about one grant (protocol I1, I9). */
export function checkAgainstChain(
  story: GrantStory,
  leaves: GrantLeaves,
  chain: ChainGrant | undefined,
): Discrepancy[] {
  const { grantId } = story;
  const found: Discrepancy[] = [];
  const has = (party: string | null | undefined, type: string): boolean =>
    (leaves.get(party ?? '') ?? []).some((leaf) => leaf.type === type);
  const say = (code: string, party: string, message: string): void =>
    void found.push({ code, party, grantId, message });
  if (chain?.lockedAt !== undefined && !has(chain.lockedAt, events.locked))
    say('lock-unlogged', chain.lockedAt, 'the chain holds a lock that the log does not tell');
  if (chain?.mappedAt !== undefined && !has(chain.mappedAt, events.mapped))
    say('mapping-unlogged', chain.mappedAt, 'the chain holds a mapping that the log does not tell');
  if (chain?.lockedAt === undefined && has(story.home, events.locked))
    say('lock-invented', story.home!, 'the log tells a lock that the chain does not hold');
  if (chain?.mappedAt === undefined && has(story.destination, events.mapped))
    say('mapping-invented', story.destination!, 'the log tells a mapping that the chain does not hold');
  if (chain?.lockClosed === 'Refunded' && chain.mappedAt !== undefined)
    say('refunded-and-mapped', chain.lockedAt ?? 'home', 'a refunded lock has a mapping');
  return found;
}
