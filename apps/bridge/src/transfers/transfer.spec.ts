import type { CloseReason, Grant, TransferState } from '@cpds/messages';
import fc from 'fast-check';
import type { Facts, HomeFacts, ChainFacts, LockStatus, MappingStatus } from './facts.js';
import { decide, openStates, type Role, type TransferEvent, type TransferSnapshot } from './transfer.js';

const hex = (bytes: number, digit = '1') => `0x${digit.repeat(2 * bytes)}` as const;

const grant: Grant = {
  nonce: hex(32),
  lockedAccount: hex(20),
  destinationUid: hex(32),
  mappedDeeds: hex(20),
  slot: 1,
  tag: hex(33),
  recipientKey: hex(33),
  ephemeralKey: hex(33),
  viewTag: hex(1),
  revoker: hex(20),
  termsHash: hex(32),
  sealedKeyHash: hex(32),
  lockBefore: 1_000,
  mintBefore: 2_000,
  notAfter: 10_000,
};

const row = (role: Role, state: TransferState, more: Partial<TransferSnapshot> = {}): TransferSnapshot => ({
  role,
  state,
  closeReason: null,
  haltedFrom: null,
  grant: state === 'requested' ? null : grant,
  requestExpires: 900,
  lockResends: 0,
  holdsStatement: false,
  ...more,
});

const block = (timestamp: number) => ({ number: timestamp, hash: hex(32), timestamp });

function home(final: LockStatus, at = 500, head: LockStatus = final, more: Partial<HomeFacts> = {}): HomeFacts {
  return {
    final: { status: final, block: block(at - 2) },
    head: { status: head, block: block(at) },
    tagUsed: false,
    ...more,
  };
}

function destination(final: MappingStatus, at = 500, head: MappingStatus = final): ChainFacts<MappingStatus> {
  return { final: { status: final, block: block(at - 2) }, head: { status: head, block: block(at) } };
}

const facts = (more: Partial<Facts> = {}): Facts => ({
  now: 500,
  lockTx: 'missing',
  mintTx: 'missing',
  refundTx: 'missing',
  ...more,
});

const hub = (vouched: boolean, ownVouch = false) => ({ finalTime: 500, vouched, ownVouch, paused: false, fresh: true });
const look: TransferEvent = { type: 'facts' };
const to = (next: TransferState, closeReason: CloseReason | null = null) =>
  expect.objectContaining({ next, closeReason });

describe('the transfer table', () => {
  describe('before the lock', () => {
    it('moves a request to consented by the patient at A and by the grant at B', () => {
      expect(decide(row('A', 'requested'), { type: 'consent' }, facts())).toEqual(to('consented'));
      expect(decide(row('B', 'requested'), { type: 'grant' }, facts())).toEqual(to('consented'));
      expect(decide(row('B', 'requested'), { type: 'consent' }, facts())).toBeNull();
    });

    it.each<[TransferEvent['type'], CloseReason]>([
      ['grant-refused', 'refused'],
      ['not-granted', 'not-granted'],
    ])('closes a request at B on %s', (type, reason) => {
      expect(decide(row('B', 'requested'), { type } as TransferEvent, facts())).toEqual(to('closed', reason));
      expect(decide(row('A', 'requested'), { type } as TransferEvent, facts())).toBeNull();
      expect(decide(row('B', 'consented'), { type } as TransferEvent, facts())).toBeNull();
    });

    it('closes a request as not granted at its end, and not a second before', () => {
      expect(decide(row('A', 'requested'), look, facts({ now: 899 }))).toBeNull();
      for (const role of ['A', 'B'] as const)
        expect(decide(row(role, 'requested'), look, facts({ now: 900 }))).toEqual(to('closed', 'not-granted'));
    });

    it("locks only on B's acceptance", () => {
      expect(decide(row('A', 'consented'), { type: 'answer', accepted: true }, facts())).toEqual(to('lock-sent'));
      expect(decide(row('A', 'consented'), { type: 'answer', accepted: false }, facts())).toEqual(
        to('closed', 'refused'),
      );
      expect(decide(row('B', 'consented'), { type: 'answer', accepted: true }, facts())).toBeNull();
    });

    it('takes a lock at finality, not at a glance', () => {
      const glance = facts({ home: home('none', 500, 'locked') });
      for (const role of ['A', 'B'] as const) {
        expect(decide(row(role, 'consented'), look, glance)).toBeNull();
        expect(decide(row(role, 'consented'), look, facts({ home: home('locked') }))).toEqual(to('locked'));
      }
    });

    it("gives up when A's final time has passed lockBefore without a lock", () => {
      expect(decide(row('A', 'lock-sent'), look, facts({ home: home('none', 1_001) }))).toBeNull();
      expect(decide(row('A', 'lock-sent'), look, facts({ home: home('none', 1_002) }))).toEqual(
        to('closed', 'too-late'),
      );
      expect(decide(row('B', 'consented'), look, facts({ home: home('none', 1_002) }))).toEqual(
        to('closed', 'too-late'),
      );
    });

    it('does not give up a lock that stands, however late it is', () => {
      expect(decide(row('A', 'refunding'), look, facts({ home: home('locked', 5_000) }))).toBeNull();
    });

    it('moves no row without a grant, whatever a chain shows', () => {
      for (const final of ['none', 'locked', 'revoked'] as const)
        expect(decide(row('A', 'lock-sent', { grant: null }), look, facts({ home: home(final, 1_002) }))).toBeNull();
    });

    it("closes when the tag is another grant's", () => {
      const used = facts({ home: home('none', 500, 'none', { tagUsed: true }) });
      expect(decide(row('A', 'lock-sent'), look, used)).toEqual(to('closed', 'tag-used'));
      const ownAndOver = facts({ home: home('refunded', 500, 'refunded', { tagUsed: true }) });
      expect(decide(row('A', 'lock-sent'), look, ownAndOver)).toBeNull();
    });

    it('sends an unexplained revert again twice, then rejects', () => {
      const reverted = facts({ home: home('none'), lockTx: 'reverted' });
      expect(decide(row('A', 'lock-sent', { lockResends: 1 }), look, reverted)).toBeNull();
      expect(decide(row('A', 'lock-sent', { lockResends: 2 }), look, reverted)).toEqual(to('closed', 'rejected'));
      for (const unsure of [{ home: home('none'), lockTx: 'pending' }, { lockTx: 'reverted' }] as const)
        expect(decide(row('A', 'lock-sent', { lockResends: 2 }), look, facts(unsure))).toBeNull();
    });
  });

  describe('vouch, map and release', () => {
    it('goes on to vouched only while the lock stands at finality', () => {
      for (const role of ['A', 'B', 'S'] as const) {
        expect(decide(row(role, 'locked'), look, facts({ home: home('locked'), hub: hub(true) }))).toEqual(
          to('vouched'),
        );
        expect(decide(row(role, 'locked'), look, facts({ hub: hub(true) }))).toBeNull();
        expect(decide(row(role, 'locked'), look, facts({ home: home('locked'), hub: hub(false) }))).toBeNull();
      }
    });

    it('goes on to vouched only where the hub can be relied on', () => {
      expect(decide(row('A', 'locked'), look, facts({ home: home('locked') }))).toBeNull();
    });

    it.each(['refunded', 'revoked', 'given-back', 'void'] as const)('ends a voucher whose lock is %s', (final) => {
      const over = facts({ home: home(final), hub: hub(false) });
      expect(decide(row('V', 'locked'), look, over)).toEqual(to('closed', 'done'));
      expect(decide(row('V', 'locked'), look, facts({ home: home('locked'), hub: hub(false) }))).toBeNull();
    });

    it('sends the mint when t storemen signed, and at a storeman with its own share', () => {
      expect(decide(row('B', 'vouched'), { type: 'mint-signed' }, facts())).toEqual(to('mint-sent'));
      expect(decide(row('B', 'locked'), { type: 'mint-signed' }, facts())).toBeNull();
      for (const state of ['locked', 'vouched'] as const)
        expect(decide(row('S', state), { type: 'share-signed' }, facts())).toEqual(to('mint-sent'));
      expect(decide(row('B', 'vouched'), { type: 'share-signed' }, facts())).toBeNull();
    });

    it('ends a voucher with its own final vouch', () => {
      const vouched = facts({ home: home('locked'), hub: hub(false, true) });
      expect(decide(row('V', 'locked'), look, vouched)).toEqual(to('closed', 'done'));
    });

    it('takes a mapping at finality, not at a glance, and only with a standing lock', () => {
      for (const role of ['B', 'S'] as const) {
        const mapped = { home: home('locked'), destination: destination('mapped') };
        expect(decide(row(role, 'mint-sent'), look, facts(mapped))).toEqual(to('mapped'));
        const glance = { ...mapped, destination: destination('none', 500, 'mapped') };
        expect(decide(row(role, 'mint-sent'), look, facts(glance))).toBeNull();
        expect(decide(row(role, 'mint-sent'), look, facts({ destination: mapped.destination }))).toBeNull();
      }
    });

    it('releases and opens at B alone', () => {
      expect(decide(row('B', 'mapped'), { type: 'released' }, facts())).toEqual(to('released'));
      expect(decide(row('B', 'released'), { type: 'opened' }, facts())).toEqual(to('opened'));
      expect(decide(row('S', 'mapped'), { type: 'released' }, facts())).toBeNull();
      expect(decide(row('B', 'closing', { closeReason: 'revoked' }), { type: 'released' }, facts())).toBeNull();
    });
  });

  describe('refund', () => {
    it("begins at B when B's final time passed mintBefore and nothing is mapped", () => {
      const late = facts({ home: home('locked'), hub: hub(true), destination: destination('none', 2_002) });
      expect(decide(row('B', 'vouched'), look, late)).toEqual(to('refunding'));
      const early = facts({ home: home('locked'), hub: hub(true), destination: destination('none', 2_001) });
      expect(decide(row('B', 'vouched'), look, early)).toBeNull();
      const mapped = facts({ destination: destination('mapped', 2_002) });
      expect(decide(row('B', 'vouched'), look, mapped)).toBeNull();
    });

    it('begins at A with the group signature and ends with what A says on chain', () => {
      expect(decide(row('A', 'vouched'), { type: 'not-mapped-signed' }, facts())).toEqual(to('refunding'));
      const refunded = facts({ home: home('refunded') });
      for (const role of ['A', 'B', 'S'] as const)
        expect(decide(row(role, role === 'S' ? 'vouched' : 'refunding'), look, refunded)).toEqual(
          to('closed', 'refunded'),
        );
    });

    it('is off once t storemen say mapped', () => {
      expect(decide(row('A', 'vouched'), { type: 'seen-mapped' }, facts())).toEqual(to('mapped'));
      expect(decide(row('A', 'mapped'), { type: 'not-mapped-signed' }, facts())).toBeNull();
    });
  });

  describe('what forbids', () => {
    it('closes every open state on a statement, and at a glance of a closed chain', () => {
      for (const role of ['A', 'B', 'V', 'S'] as const)
        for (const state of openStates) {
          const statement = { type: 'statement', kind: 'revoke' } as const;
          expect(decide(row(role, state), statement, facts())).toEqual(to('closing', 'revoked'));
          const givenBack = { type: 'statement', kind: 'give-back' } as const;
          expect(decide(row(role, state), givenBack, facts())).toEqual(to('closing', 'given-back'));
          const seen = facts({ home: home('locked', 500, 'given-back') });
          expect(decide(row(role, state), look, seen)).toEqual(to('closing', 'given-back'));
        }
    });

    it.each<[string, Partial<Facts>]>([
      ['the head of A shows a revoke', { home: home('locked', 500, 'revoked') }],
      ['the head of A shows a void lock', { home: home('locked', 500, 'void') }],
      ['the final block of A shows a revoke', { home: home('revoked', 500, 'locked') }],
      ['the head of B shows a revoke', { destination: destination('mapped', 500, 'revoked') }],
      ['the final block of B shows a tombstone', { destination: destination('void', 500, 'none') }],
    ])('closes as revoked when %s', (_, seen) => {
      expect(decide(row('B', 'mapped'), look, facts(seen))).toEqual(to('closing', 'revoked'));
    });

    it('keeps the first reason to close, and takes that of the statement where there was none', () => {
      const statement = (kind: 'revoke' | 'give-back') => ({ type: 'statement', kind }) as const;
      const known = row('B', 'closing', { closeReason: 'given-back' });
      expect(decide(known, statement('revoke'), facts())).toEqual(to('closing', 'given-back'));
      for (const [kind, reason] of [
        ['revoke', 'revoked'],
        ['give-back', 'given-back'],
      ] as const) {
        expect(decide(row('B', 'closing'), statement(kind), facts())).toEqual(to('closing', reason));
        expect(decide(row('B', 'halted'), statement(kind), facts())).toEqual(to('halted', reason));
      }
    });

    it('takes the statement once after a chain showed the end: nobody else may be left to close the other chain', () => {
      const statement = { type: 'statement', kind: 'revoke' } as const;
      const seen = { closeReason: 'revoked' } as const;
      for (const role of ['A', 'B', 'V', 'S'] as const) {
        expect(decide(row(role, 'closing', seen), statement, facts())).toEqual(to('closing', 'revoked'));
        const held = row(role, 'closing', { ...seen, holdsStatement: true });
        expect(decide(held, statement, facts())).toBeNull();
      }
    });

    it('is closed when every chain that the role reads says so', () => {
      const closing = { closeReason: 'revoked' } as const;
      const homeOnly = facts({ home: home('revoked') });
      expect(decide(row('A', 'closing', closing), look, homeOnly)).toEqual(to('closed', 'revoked'));
      expect(decide(row('B', 'closing', closing), look, homeOnly)).toBeNull();
      const both = facts({ home: home('revoked'), destination: destination('void') });
      for (const role of ['B', 'S'] as const)
        expect(decide(row(role, 'closing', closing), look, both)).toEqual(to('closed', 'revoked'));
    });

    it.each<[Role, string, Partial<Facts>, boolean]>([
      ['A', 'locked', { home: home('locked', 5_000) }, false],
      ['A', 'not locked a second before lockBefore', { home: home('none', 1_001) }, false],
      ['A', 'not locked at lockBefore', { home: home('none', 1_002) }, true],
      ['A', 'refunded', { home: home('refunded') }, true],
      ['V', 'revoked on A alone', { home: home('revoked') }, true],
      ['B', 'still mapped', { home: home('revoked'), destination: destination('mapped', 5_000) }, false],
      ['B', 'unmapped before mintBefore', { home: home('revoked'), destination: destination('none', 2_001) }, false],
      ['B', 'unmapped at mintBefore', { home: home('revoked'), destination: destination('none', 2_002) }, true],
      ['S', 'given back on B', { home: home('revoked'), destination: destination('given-back') }, true],
      ['S', 'revoked on B', { home: home('revoked'), destination: destination('revoked') }, true],
    ])('at %s, a closing grant that is %s may be closed, or not', (role, _, seen, isOver) => {
      const decision = decide(row(role, 'closing', { closeReason: 'given-back' }), look, facts(seen));
      expect(decision).toEqual(isOver ? to('closed', 'given-back') : null);
    });

    it('expires when a clock and the own final time have passed notAfter', () => {
      const past = facts({ now: 10_000, home: home('locked', 10_002) });
      expect(decide(row('A', 'mapped'), look, past)).toEqual(to('closed', 'expired'));
      expect(decide(row('A', 'mapped'), look, facts({ now: 10_000, home: home('locked', 9_000) }))).toBeNull();
      expect(decide(row('A', 'mapped'), look, facts({ now: 10_000 }))).toBeNull();
      const atOnce = { ...home('locked', 10_000), final: { status: 'locked', block: block(10_000) } } as const;
      expect(decide(row('A', 'mapped'), look, facts({ now: 10_000, home: atOnce }))).toEqual(to('closed', 'expired'));
    });

    it("expires at B by B's own final time", () => {
      const [early, late] = [9_000, 10_002];
      const by = (a: number, b: number) =>
        facts({ now: 10_000, home: home('locked', a), destination: destination('mapped', b) });
      expect(decide(row('B', 'released'), look, by(early, late))).toEqual(to('closed', 'expired'));
      expect(decide(row('B', 'released'), look, by(late, early))).toBeNull();
    });

    it('halts on a contradiction, keeps a revoke that comes then, and resumes to what it was', () => {
      expect(decide(row('S', 'mapped'), { type: 'equivocation' }, facts())).toEqual(to('halted'));
      const halted = row('S', 'halted', { haltedFrom: 'mapped' });
      expect(decide(halted, { type: 'resume' }, facts())).toEqual(to('mapped'));
      expect(decide(halted, { type: 'statement', kind: 'revoke' }, facts())).toEqual(to('halted', 'revoked'));
      expect(decide({ ...halted, closeReason: 'revoked' }, { type: 'resume' }, facts())).toEqual(
        to('closing', 'revoked'),
      );
    });
  });

  it('never allows anything from a chain that cannot be relied on, and never leaves closed', () => {
    const role = fc.constantFrom<Role>('A', 'B', 'V', 'S');
    const state = fc.constantFrom<TransferState>('requested', 'closing', 'closed', 'halted', ...openStates);
    const blind = facts({ hub: hub(true, false), lockTx: 'reverted' });
    fc.assert(
      fc.property(role, state, (aRole, aState) => {
        const decision = decide(row(aRole, aState), look, blind);
        if (aState === 'closed') expect(decision).toBeNull();
        expect(['locked', 'vouched', 'mapped', 'released', 'opened']).not.toContain(decision?.next);
      }),
    );
  });
});
