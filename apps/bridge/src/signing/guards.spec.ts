import type { Grant } from '@cpds/messages';
import type { Hospital } from '../chains/consortium-view.js';
import type { BlockRef, Facts, LockStatus, MappingStatus } from '../transfers/facts.js';
import { mayDenyMapping, mayMint, mayOpenMint, mayRelease, type GuardInput } from './guards.js';

const lockedAccount = `0x${'11'.repeat(20)}` as const;
const mappedDeeds = `0x${'22'.repeat(20)}` as const;
const grant = { lockedAccount, mappedDeeds, lockBefore: 1_010, mintBefore: 1_100, notAfter: 5_000 } as unknown as Grant;
const home = { party: 'north', w: 10, lockedAccounts: [lockedAccount] } as unknown as Hospital;
const destination = { party: 'south', w: 10, allMappedDeeds: [mappedDeeds] } as unknown as Hospital;

const block = (timestamp: number, hash: string): BlockRef => ({ number: timestamp, hash, timestamp });

interface Scene {
  lock?: LockStatus;
  lockAtHead?: LockStatus;
  mapping?: MappingStatus;
  mappingAtHead?: MappingStatus;
  now?: number;
  vouched?: boolean;
  paused?: boolean;
  fresh?: boolean;
  lockTime?: number;
  absent?: ('home' | 'destination' | 'hub')[];
}

function facts(scene: Scene): Facts {
  const { lock = 'locked', mapping = 'none', now = 1_050 } = scene;
  const all: Facts = {
    now,
    home: {
      head: { block: block(now, 'h-head'), status: scene.lockAtHead ?? lock },
      final: { block: block(now - 2, 'h-final'), status: lock },
      written: { block: block(scene.lockTime ?? 1_000, 'lock-block'), tx: '0x' },
      tagUsed: true,
    },
    destination: {
      head: { block: block(now, 'd-head'), status: scene.mappingAtHead ?? mapping },
      final: { block: block(now - 2, 'd-final'), status: mapping },
      ...(mapping === 'none' ? {} : { written: { block: block(1_020, 'mint-block'), tx: '0x' } }),
    },
    hub: {
      finalTime: now,
      vouched: scene.vouched ?? true,
      ownVouch: false,
      paused: scene.paused ?? false,
      fresh: scene.fresh ?? true,
    },
    lockTx: 'missing',
    mintTx: 'missing',
    refundTx: 'missing',
  };
  for (const chain of scene.absent ?? []) delete all[chain];
  return all;
}

const input = (scene: Scene = {}, more: Partial<GuardInput> = {}): GuardInput => ({
  grant,
  facts: facts(scene),
  rowState: null,
  isRevoked: false,
  home,
  destination,
  hubW: 10,
  ...more,
});
const verdict = (said: string) => ({ outcome: 'answer', verdict: said });

describe('a share of Mint', () => {
  it('is given for a final, vouched, open lock, and names its block', () => {
    expect(mayMint(input())).toEqual({ outcome: 'yes', lockBlock: 'lock-block', mintBlock: null });
  });

  it.each<[string, Scene, string]>([
    ['nothing is locked at finality', { lock: 'none', lockAtHead: 'locked' }, 'wait'],
    ['vouches are missing', { vouched: false }, 'wait'],
    ['the head of A shows the lock no more', { lockAtHead: 'none' }, 'wait'],
    ['it is mapped already', { mapping: 'mapped' }, 'mapped'],
    ['only the head of B shows it mapped', { mappingAtHead: 'mapped' }, 'mapped'],
    [
      'it is mapped at finality, and the head of B shows it no more',
      { mapping: 'mapped', mappingAtHead: 'none' },
      'mapped',
    ],
    ['the head of A shows a revoke', { lockAtHead: 'revoked' }, 'revoked'],
    ['the head of B shows a tombstone', { mappingAtHead: 'void' }, 'revoked'],
    ['notAfter has passed by any clock', { now: 5_000 }, 'expired'],
  ])('is not given when %s', (_, scene, said) => {
    expect(mayMint(input(scene))).toEqual(verdict(said));
  });

  it.each<[string, Scene, RegExp]>([
    ['less than w(B) is left', { now: 1_090 }, /too late to mint/],
    ['the lock stands too close to mintBefore', { lockTime: 1_071 }, /lock came too late/],
    ['the hub is stale', { fresh: false }, /stale/],
    ['a hospital is paused', { paused: true }, /paused/],
    ['A cannot be relied on', { absent: ['home'] }, /cannot be relied on/],
    ['B cannot be relied on', { absent: ['destination'] }, /cannot be relied on/],
    ['the hub cannot be relied on', { absent: ['hub'] }, /cannot be relied on/],
  ])('says nothing when %s', (_, scene, reason) => {
    expect(mayMint(input(scene))).toEqual({ outcome: 'unavailable', reason: expect.stringMatching(reason) });
  });

  it('is given for the last lock that leaves time for all three waits, and in the last second before w(B)', () => {
    expect(mayMint(input({ lockTime: 1_070 })).outcome).toBe('yes');
    expect(mayMint(input({ now: 1_089 })).outcome).toBe('yes');
  });

  it.each<[string, (facts: Facts) => void]>([
    ['the own clock', (facts) => (facts.now = 1_090)],
    ['the head of B', (facts) => (facts.destination!.head.block = block(1_090, 'd-head'))],
  ])('is refused when %s alone says that w(B) has begun', (_, change) => {
    const late = input();
    change(late.facts);
    expect(mayMint(late)).toEqual({ outcome: 'unavailable', reason: 'it is too late to mint' });
  });

  it('waits for the vouches, its nonces do not', () => {
    expect(mayOpenMint(input({ vouched: false }))).toEqual(mayMint(input()));
    expect(mayOpenMint(input({ lock: 'none', vouched: false }))).toEqual(verdict('wait'));
    expect(mayOpenMint(input({ lockAtHead: 'revoked', vouched: false }))).toEqual(verdict('revoked'));
  });

  it('is refused for contracts that the hub does not know, and in a halted row', () => {
    expect(mayMint(input({}, { home: { ...home, lockedAccounts: [] } })).outcome).toBe('unavailable');
    expect(mayMint(input({}, { destination: { ...destination, allMappedDeeds: [] } })).outcome).toBe('unavailable');
    expect(mayMint(input({}, { rowState: 'halted' })).outcome).toBe('unavailable');
  });
});

describe('a share of NotMapped', () => {
  const late = { now: 1_110 };

  it("is given when B's final time has passed mintBefore and nothing is mapped", () => {
    expect(mayDenyMapping(input(late))).toMatchObject({ outcome: 'yes', lockBlock: 'lock-block' });
  });

  it('waits for the final block, not the head, to pass mintBefore', () => {
    expect(mayDenyMapping(input({ now: 1_101 }))).toEqual(verdict('wait'));
  });

  it('is given from the second of mintBefore on', () => {
    expect(mayDenyMapping(input({ now: 1_102 })).outcome).toBe('yes');
  });

  it.each<[string, Scene, Partial<GuardInput>, object]>([
    ['nothing is locked at finality', { ...late, lock: 'none' }, {}, verdict('wait')],
    ['the head of A shows a revoke', { ...late, lockAtHead: 'revoked' }, {}, verdict('revoked')],
    ['this node holds a statement', late, { isRevoked: true }, verdict('revoked')],
    ['the row is halted', late, { rowState: 'halted' }, { outcome: 'unavailable' }],
    ['the hub does not know the contract', late, { home: { ...home, lockedAccounts: [] } }, { outcome: 'unavailable' }],
    ['A cannot be relied on', { ...late, absent: ['home'] }, {}, { outcome: 'unavailable' }],
    ['B cannot be relied on', { ...late, absent: ['destination'] }, {}, { outcome: 'unavailable' }],
  ])('is not given when %s', (_, scene, more, said) => {
    expect(mayDenyMapping(input(scene, more))).toMatchObject(said);
  });

  it('waits while the block of the lock is unknown', () => {
    const unknown = input(late);
    delete unknown.facts.home!.written;
    expect(mayDenyMapping(unknown)).toEqual(verdict('wait'));
  });

  it('answers mapped for a mapping, closed ones too', () => {
    for (const mapping of ['mapped', 'revoked', 'given-back'] as const)
      expect(mayDenyMapping(input({ ...late, mapping }))).toEqual(verdict('mapped'));
  });

  it('is not given while the head of B shows a mapping that is not final', () => {
    expect(mayDenyMapping(input({ ...late, mappingAtHead: 'mapped' }))).toEqual(verdict('wait'));
  });

  it('is never given in the same facts as a share of Mint', () => {
    for (let now = 1_000; now < 1_200; now++) {
      const mint = mayMint(input({ now })).outcome === 'yes';
      const deny = mayDenyMapping(input({ now })).outcome === 'yes';
      expect(mint && deny).toBe(false);
    }
  });
});

describe('a release', () => {
  const mapped = { mapping: 'mapped' } as const;

  it('rests on a final lock and a final mapping, by block hash', () => {
    expect(mayRelease(input(mapped))).toEqual({ outcome: 'yes', lockBlock: 'lock-block', mintBlock: 'mint-block' });
  });

  it('takes the hub as old as it is, or silent', () => {
    expect(mayRelease(input({ ...mapped, fresh: false })).outcome).toBe('yes');
    expect(mayRelease(input({ ...mapped, absent: ['hub'] })).outcome).toBe('yes');
  });

  it.each<[string, Scene, Partial<GuardInput>, string]>([
    ['nothing is mapped', {}, {}, 'wait'],
    ['the mapping is not final', { mappingAtHead: 'mapped' }, {}, 'wait'],
    ['the lock is not final', { ...mapped, lock: 'none' }, {}, 'wait'],
    ['the head of A shows a revoke', { ...mapped, lockAtHead: 'revoked' }, {}, 'revoked'],
    ['the head of B shows a give-back', { ...mapped, mappingAtHead: 'given-back' }, {}, 'revoked'],
    ['this node holds a statement', mapped, { isRevoked: true }, 'revoked'],
    [
      'a statement is held though both chains are silent',
      { absent: ['home', 'destination'] },
      { isRevoked: true },
      'revoked',
    ],
    ['its own clock has passed notAfter', { ...mapped, now: 5_000 }, {}, 'expired'],
  ])('is refused when %s', (_, scene, more, said) => {
    expect(mayRelease(input(scene, more))).toEqual(verdict(said));
  });

  it('is refused when only the head shows the mapping, or shows it no more, though its block is known', () => {
    const written = { block: block(1_020, 'mint-block'), tx: '0x' };
    const atHead = input({ mapping: 'none', mappingAtHead: 'mapped' });
    atHead.facts.destination!.written = written;
    expect(mayRelease(atHead)).toEqual(verdict('wait'));
    const reorged = input({ mapping: 'mapped', mappingAtHead: 'none' });
    reorged.facts.destination!.written = written;
    expect(mayRelease(reorged)).toEqual(verdict('wait'));
  });

  it('is refused when only the head shows the lock, or shows it no more, though its block is known', () => {
    expect(mayRelease(input({ ...mapped, lock: 'none', lockAtHead: 'locked' }))).toEqual(verdict('wait'));
    expect(mayRelease(input({ ...mapped, lock: 'locked', lockAtHead: 'none' }))).toEqual(verdict('wait'));
  });

  it.each<[string, Scene, Partial<GuardInput>]>([
    ['the hub does not know the contract', mapped, { home: { ...home, lockedAccounts: [] } }],
    ['A cannot be relied on', { ...mapped, absent: ['home'] }, {}],
    ['B cannot be relied on', { ...mapped, absent: ['destination'] }, {}],
  ])('says nothing when %s', (_, scene, more) => {
    expect(mayRelease(input(scene, more))).toMatchObject({ outcome: 'unavailable' });
  });

  it('is refused while a hospital of the grant is paused', () => {
    const paused = input(mapped);
    paused.facts.hub!.paused = true;
    expect(mayRelease(paused)).toMatchObject({ outcome: 'unavailable' });
  });

  it('is refused when only the head of B has passed notAfter', () => {
    const ahead = input(mapped);
    ahead.facts.destination!.head.block = block(5_000, 'd-head');
    expect(mayRelease(ahead)).toEqual(verdict('expired'));
  });
});
