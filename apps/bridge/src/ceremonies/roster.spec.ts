import { attemptId, type AttemptParameters } from '@cpds/contracts';
import { rosterFault, type ProposedAttempt } from './roster.js';

const hub = { uid: `0x${'aa'.repeat(32)}`, registry: `0x${'bb'.repeat(20)}` };
const account = (digit: number) => `0x${String(digit).repeat(40)}`;
const accounts = [1, 2, 3, 4, 5].map(account);
const configured = { accounts, threshold: 3, nMin: 4 };

function propose(change: Partial<AttemptParameters> = {}): ProposedAttempt {
  const parameters = { purpose: 'sign' as const, roster: accounts, t: 3, nMin: 4, phaseSeconds: 30, ...change };
  return { ...parameters, counter: 7n, attemptId: attemptId(hub.uid, hub.registry, 7n, parameters) };
}

describe('an attempt is signed', () => {
  it('with the configured roster, in whatever case its accounts are written', () => {
    expect(rosterFault(propose(), configured, hub)).toBeNull();
    const upper = { ...configured, accounts: accounts.map((one) => one.toUpperCase().replace('0X', '0x')) };
    expect(rosterFault(propose(), upper, hub)).toBeNull();
  });

  it('with what an exclusion leaves of it', () => {
    expect(rosterFault(propose({ roster: accounts.filter((_, i) => i !== 2) }), configured, hub)).toBeNull();
  });

  it.each<[string, Partial<AttemptParameters>, RegExp]>([
    ['a stranger in it', { roster: [...accounts.slice(0, 4), account(9)] }, /not configured/],
    ['a member twice', { roster: [...accounts.slice(0, 4), account(4)] }, /configured order/],
    ['another order', { roster: [...accounts].reverse() }, /configured order/],
    ['too few members', { roster: accounts.slice(0, 3) }, /3 members, fewer than 4/],
    ['another threshold', { t: 2 }, /threshold is 2, not 3/],
    ['endless phases', { phaseSeconds: 86_401 }, /last 86401 s/],
  ])('but not with %s', (_, change, reason) => {
    expect(rosterFault(propose(change), configured, hub)).toMatch(reason);
  });

  it('but not when its id belongs to other parameters, another registry or another hub', () => {
    expect(rosterFault({ ...propose(), phaseSeconds: 31 }, configured, hub)).toMatch(/attempt id/);
    expect(rosterFault({ ...propose(), counter: 8n }, configured, hub)).toMatch(/attempt id/);
    expect(rosterFault(propose(), configured, { ...hub, uid: `0x${'ab'.repeat(32)}` })).toMatch(/attempt id/);
    expect(rosterFault(propose(), configured, { ...hub, registry: `0x${'bc'.repeat(20)}` })).toMatch(/attempt id/);
  });

  it('but never by a node whose operator configured none', () => {
    expect(rosterFault(propose(), { accounts: [], threshold: 0, nMin: 0 }, hub)).not.toBeNull();
  });
});
