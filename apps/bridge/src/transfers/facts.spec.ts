import { makeGrant, generateKey, homeUid, operator } from '../testing/group.js';
import { factsOf } from '../testing/scripted-facts.js';
import { earliestClock, factsQuery, noFacts, nowSeconds, sawAllChains, type Facts, type FactsQuery } from './facts.js';

const now = 1_000;

/** Facts of all chains, changed. */
function facts(change: (all: Facts) => void = () => undefined): Facts {
  const all = factsOf(now, 'locked', 'mapped');
  change(all);
  return all;
}

describe('the earliest clock that can call a grant over', () => {
  it.each<[string, (all: Facts) => void, number]>([
    ['the own one', (all) => (all.now = 1_003), 1_003],
    ['the head of A', (all) => (all.home!.head.block.timestamp = 1_002), 1_002],
    ['the head of B', (all) => (all.destination!.head.block.timestamp = 1_001), 1_001],
  ])('is %s where that is ahead', (_, change, clock) => {
    expect(earliestClock(facts(change))).toBe(clock);
  });

  it('is the own one where no chain can be relied on', () => {
    expect(earliestClock({ ...noFacts(), now })).toBe(now);
  });
});

describe('a role has seen all its chains', () => {
  const lacking: Record<string, (all: Facts) => void> = {
    nothing: () => undefined,
    home: (all) => delete all.home,
    destination: (all) => delete all.destination,
    hub: (all) => delete all.hub,
    'a fresh hub': (all) => (all.hub!.fresh = false),
  };

  it.each<[FactsQuery['role'], string[]]>([
    ['A', ['nothing', 'destination']],
    ['V', ['nothing', 'destination']],
    ['B', ['nothing']],
    ['S', ['nothing']],
  ])('as %s only when it lacks one of %j', (role, enough) => {
    const saw = Object.entries(lacking).filter(([, change]) => sawAllChains(role, facts(change)));
    expect(saw.map(([name]) => name)).toEqual(enough);
  });
});

describe('a query for facts', () => {
  it('names the grant, its contracts and its tag', () => {
    const seal = generateKey(
      'seal',
      [1, 2, 3, 4, 5].map((i) => operator(`storeman-${i}`).operator),
    );
    const { grant, grantId } = makeGrant(seal.group, now);
    const { destinationUid, lockedAccount, mappedDeeds, tag } = grant;
    expect(factsQuery({ role: 'S', grantId, homeUid, grant })).toEqual({
      ...{ role: 'S', grantId, homeUid },
      ...{ destinationUid, lockedAccount, mappedDeeds, tag },
    });
  });
});

describe('no facts', () => {
  it('tell the time, and that nothing was sent', () => {
    const before = Math.floor(Date.now() / 1000);
    const { now: time, ...rest } = noFacts();
    expect(rest).toEqual({ lockTx: 'missing', mintTx: 'missing', refundTx: 'missing' });
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(nowSeconds());
    expect(nowSeconds()).toBeLessThanOrEqual(Date.now() / 1000);
  });
});
