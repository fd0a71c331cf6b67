import { TransferState, type CloseReason, type Grant } from '@cpds/messages';
import { dutiesOf, rolesOfDuty, type Duty, type DutyContext } from './duties.js';
import type { ChainFacts, Facts, HomeFacts, LockStatus, MappingStatus } from './facts.js';
import type { TransferSnapshot } from './transfer.js';

const grant = { lockBefore: 1_000, mintBefore: 2_000, notAfter: 10_000 } as Grant;
const block = (timestamp: number) => ({ number: timestamp, hash: '0x', timestamp });
const home = (status: LockStatus, at = 500): HomeFacts => ({
  head: { block: block(at), status },
  final: { block: block(at - 2), status },
  tagUsed: false,
});
const destination = (status: MappingStatus, at = 500): ChainFacts<MappingStatus> => ({
  head: { block: block(at), status },
  final: { block: block(at - 2), status },
});
const hub = { finalTime: 500, vouched: true, ownVouch: false, paused: false, fresh: true };
const facts = (more: Partial<Facts> = {}): Facts => ({
  now: 500,
  lockTx: 'missing',
  mintTx: 'missing',
  refundTx: 'missing',
  ...more,
});
const row = (role: TransferSnapshot['role'], state: TransferSnapshot['state']): TransferSnapshot => ({
  role,
  state,
  closeReason: state === 'closing' ? 'revoked' : null,
  haltedFrom: null,
  grant,
  requestExpires: 900,
  lockResends: 0,
  holdsStatement: state === 'closing' || state === 'halted',
});
const context = (more: Partial<DutyContext> = {}): DutyContext => ({
  wHome: 10,
  wDestination: 10,
  wHub: 10,
  forwards: false,
  enteredAt: 500,
  memberIndex: 0,
  ...more,
});

describe('what a row keeps trying', () => {
  it('locks only while nothing is locked, it is in time, and the hub says nobody is paused', () => {
    const open = { home: home('none'), hub };
    expect(dutiesOf(row('A', 'lock-sent'), facts(open), context())).toEqual(['send-lock']);
    const refused: Partial<Facts>[] = [
      { home: home('locked'), hub },
      { home: home('none', 1_000), hub },
      { home: home('none'), hub: { ...hub, paused: true } },
      { home: home('none') },
      { hub },
    ];
    for (const facts_ of refused) expect(dutiesOf(row('A', 'lock-sent'), facts(facts_), context())).toEqual([]);
  });

  it('asks for a mint up to w before mintBefore, on both clocks', () => {
    const ready = { home: home('locked'), destination: destination('none', 1_989), hub, now: 1_989 };
    expect(dutiesOf(row('B', 'vouched'), facts(ready), context())).toEqual(['sign-mint']);
    for (const late of [{ now: 1_990 }, { destination: destination('none', 1_990) }, { hub: { ...hub, paused: true } }])
      expect(dutiesOf(row('B', 'vouched'), facts({ ...ready, ...late }), context())).toEqual([]);
  });

  it('has the storemen commit to nonces while the vouches become final', () => {
    const locked = { home: home('locked'), destination: destination('none', 1_989), hub: { ...hub, vouched: false } };
    expect(dutiesOf(row('B', 'locked'), facts({ ...locked, now: 1_989 }), context())).toEqual(['open-mint']);
    expect(dutiesOf(row('B', 'vouched'), facts({ ...locked, now: 1_989 }), context())).toEqual([]);
    expect(dutiesOf(row('B', 'locked'), facts({ ...locked, now: 1_990 }), context())).toEqual([]);
  });

  it('asks for a refund only after mintBefore and w(B)', () => {
    const locked = { home: home('locked'), hub };
    expect(dutiesOf(row('A', 'vouched'), facts({ ...locked, now: 2_010 }), context())).toEqual([]);
    expect(dutiesOf(row('A', 'vouched'), facts({ ...locked, now: 2_011 }), context())).toEqual(['sign-not-mapped']);
  });

  it('vouches only for a lock that stands, on a fresh hub, before notAfter, and once', () => {
    const ready = { home: home('locked'), hub: { ...hub, ownVouch: false } };
    expect(dutiesOf(row('V', 'locked'), facts(ready), context())).toEqual(['vouch']);
    const refused: Partial<Facts>[] = [
      { hub: { ...hub, fresh: false } },
      { hub: { ...hub, ownVouch: true } },
      { hub: undefined },
      { home: undefined },
      { home: home('none') },
      { home: { ...home('locked'), head: { block: block(500), status: 'revoked' } } },
      { home: { ...home('locked'), final: { block: block(498), status: 'none' } } },
      { home: home('locked', 10_000) },
      { now: 10_000 },
    ];
    for (const change of refused)
      expect(dutiesOf(row('V', 'locked'), facts({ ...ready, ...change }), context())).toEqual([]);
  });

  it('leaves no tombstone for a grant that only its revoker ever named', () => {
    const nothing = facts({ home: home('none'), destination: destination('none'), now: 9_000 });
    // At A and B it has no row: its statement rests. A storeman or voucher never leaves one.
    for (const role of ['V', 'S'] as const)
      expect(dutiesOf(row(role, 'closing'), nothing, context({ memberIndex: 1 }))).toEqual([]);
    expect(dutiesOf(row('A', 'closing'), nothing, context())).toEqual(['close-home']);
    expect(dutiesOf(row('B', 'closing'), nothing, context())).toEqual(['close-destination']);
  });

  it('closes what stands, a storeman only after its turn', () => {
    const standing = { home: home('locked'), destination: destination('mapped') };
    const stranger = context({ memberIndex: 3 });
    expect(dutiesOf(row('S', 'closing'), facts({ ...standing, now: 529 }), stranger)).toEqual([]);
    expect(dutiesOf(row('S', 'closing'), facts({ ...standing, now: 530 }), stranger)).toEqual([
      'close-home',
      'close-destination',
    ]);
  });

  it('closes nothing without the statement that a contract asks for', () => {
    const standing = facts({ home: home('locked'), destination: destination('mapped') });
    for (const role of ['A', 'B', 'S'] as const)
      expect(dutiesOf({ ...row(role, 'closing'), holdsStatement: false }, standing, context())).toEqual([]);
  });

  it('passes a statement on from the door it came in by, also while halted', () => {
    const forwards = context({ forwards: true });
    expect(dutiesOf(row('S', 'closing'), facts(), forwards)).toEqual(['forward-statement']);
    expect(dutiesOf(row('S', 'halted'), facts(), forwards)).toEqual(['forward-statement']);
    expect(dutiesOf(row('S', 'closing'), facts(), context())).toEqual([]);
  });

  it('names every duty of a role, and no other, as one of its role', () => {
    const listed = (role: TransferSnapshot['role']) =>
      (Object.keys(rolesOfDuty) as Duty[]).filter((duty) => (rolesOfDuty[duty] as readonly string[]).includes(role));
    const locks = ['none', 'locked'] as const;
    const mappings = ['none', 'mapped'] as const;
    const closeReasons: readonly CloseReason[] = ['not-granted', 'too-late', 'revoked'];
    for (const role of ['A', 'B', 'V', 'S'] as const) {
      const met = new Set<Duty>();
      for (const state of TransferState.options)
        for (const closeReason of closeReasons)
          for (const lock of locks)
            for (const mapping of mappings)
              for (const now of [500, 2_011]) {
                const seen = facts({ home: home(lock), destination: destination(mapping), hub, now });
                const about = context({ forwards: true, enteredAt: 0, memberIndex: 1 });
                for (const duty of dutiesOf({ ...row(role, state), closeReason }, seen, about)) met.add(duty);
              }
      expect([...met].sort()).toEqual(listed(role).sort());
    }
  });
});
