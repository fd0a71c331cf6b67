import type { Grant } from '@cpds/messages';
import { deadlineOf, firstLook, lookAfter, nextLook } from './look-times.js';
import type { TransferSnapshot } from './transfer.js';

const steps = { wHub: 10, wDestination: 20 };
const grant = { lockBefore: 100, mintBefore: 200, notAfter: 300 } as Grant;
const row = (state: TransferSnapshot['state'], role: TransferSnapshot['role'] = 'B'): TransferSnapshot => ({
  role,
  state,
  closeReason: null,
  haltedFrom: null,
  grant: state === 'requested' ? null : grant,
  requestExpires: 50,
  lockResends: 0,
  holdsStatement: false,
});

describe('when a row is looked at again', () => {
  it('is soon while something is being sent', () => {
    for (const state of ['vouched', 'mint-sent', 'refunding', 'closing'] as const)
      expect(nextLook(row(state), true, 10_000, 1_000, steps).getTime()).toBe(11_000);
    for (const state of ['consented', 'lock-sent', 'refunding', 'closing'] as const)
      expect(nextLook(row(state, 'A'), true, 10_000, 1_000, steps).getTime()).toBe(11_000);
    expect(nextLook(row('locked', 'V'), true, 10_000, 1_000, steps).getTime()).toBe(11_000);
    expect(nextLook(row('closing', 'S'), true, 10_000, 1_000, steps).getTime()).toBe(11_000);
  });

  it('is rare while it rests, but never after its deadline', () => {
    expect(nextLook(row('mapped'), true, 10_000, 1_000, steps).getTime()).toBe(70_000);
    expect(nextLook(row('mapped'), true, 290_000, 1_000, steps).getTime()).toBe(300_000);
    expect(nextLook(row('requested'), true, 10_000, 1_000, steps).getTime()).toBe(50_000);
  });

  it('is rare for a row that is halted, and for one that no deadline presses', () => {
    expect(nextLook(row('halted', 'V'), true, 10_000, 1_000, steps).getTime()).toBe(70_000);
    expect(nextLook({ ...row('locked'), grant: null }, true, 10_000, 1_000, steps).getTime()).toBe(70_000);
  });

  it('is rare for a storeman, who acts when asked', () => {
    expect(nextLook(row('vouched', 'S'), true, 10_000, 1_000, steps).getTime()).toBe(70_000);
  });

  it('is soon while a chain could not be relied on: it may show later what this look missed', () => {
    expect(nextLook(row('mapped'), false, 10_000, 1_000, steps).getTime()).toBe(11_000);
  });

  it('is early enough for B in Locked to have the mint signed and sent though no vouch woke it', () => {
    const look = (nowMs: number) => nextLook(row('locked'), true, nowMs, 1_000, steps).getTime();
    // mintBefore 200 − w(hub) 10 − w(B) 20
    expect(look(165_000)).toBe(170_000);
    expect(look(170_000)).toBe(171_000);
    expect(look(185_000)).toBe(186_000);
    expect(look(200_000)).toBe(201_000);
    expect(nextLook(row('locked', 'A'), true, 165_000, 1_000, steps).getTime()).toBe(200_000);
  });

  it('is soon again once the deadline has passed', () => {
    expect(nextLook(row('opened'), true, 300_000, 1_000, steps).getTime()).toBe(301_000);
  });
});

describe('when a row is looked at that was just moved, or that a log concerns', () => {
  it('is at once for who acts, later for a storeman that follows', () => {
    for (const role of ['A', 'B', 'V'] as const) expect(firstLook(role, 'locked', 10_000).getTime()).toBe(10_000);
    expect(firstLook('S', 'vouched', 10_000).getTime()).toBe(20_000);
    expect(firstLook('A', 'mapped', 10_000).getTime()).toBe(20_000);
    expect(firstLook('B', 'released', 10_000).getTime()).toBe(20_000);
    expect(firstLook('S', 'closing', 10_000).getTime()).toBe(10_000);
  });

  it('is at once for whose move is next, and for everybody when a chain shows the end', () => {
    for (const [role, log] of [
      ['A', 'vouched'],
      ['V', 'locked'],
      ['B', 'vouched'],
      ['B', 'mapped'],
    ] as const)
      expect(lookAfter(role, log, 10_000).getTime()).toBe(10_000);
    for (const role of ['A', 'B', 'V', 'S'] as const) expect(lookAfter(role, 'ended', 10_000).getTime()).toBe(10_000);
    for (const role of ['V', 'S'] as const) expect(lookAfter(role, 'vouched', 10_000).getTime()).toBe(20_000);
  });
});

describe('a deadline', () => {
  it('is the one of the state', () => {
    expect(deadlineOf(row('requested'))).toBe(50);
    for (const state of ['consented', 'lock-sent'] as const) expect(deadlineOf(row(state))).toBe(100);
    for (const state of ['locked', 'vouched', 'mint-sent'] as const) expect(deadlineOf(row(state))).toBe(200);
    expect(deadlineOf(row('opened'))).toBe(300);
    expect(deadlineOf(row('closed'))).toBeNull();
    expect(deadlineOf({ ...row('locked'), grant: null })).toBeNull();
  });
});
