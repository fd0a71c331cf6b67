import { groupFault } from './group-fault.js';

const account = (digit: number): string => `0x${String(digit).repeat(40)}`;
const roster = [1, 2, 3, 4, 5].map(account);
const expected = { roster, threshold: 3 };

describe('a group on the hub', () => {
  it('is trusted with the accounts and the threshold of the plan, in whatever case accounts are written', () => {
    expect(groupFault({ memberAccounts: roster, t: 3n }, expected)).toBeNull();
    const mixed = { roster: [`0x${'aB'.repeat(20)}`], threshold: 3 };
    expect(groupFault({ memberAccounts: [`0x${'Ab'.repeat(20)}`], t: 3n }, mixed)).toBeNull();
  });

  it.each<[string, string[], bigint, RegExp]>([
    ['a stranger', [...roster.slice(0, 4), account(9)], 3n, /member 5 is 0x9{40}, not 0x5{40}/],
    ['another order', [...roster].reverse(), 3n, /member 1 is 0x5{40}/],
    ['a member fewer', roster.slice(0, 4), 3n, /member 5 is nobody/],
    ['a member more', [...roster, account(6)], 3n, /member 6 is 0x6{40}, not nobody/],
    ['another threshold', roster, 2n, /threshold is 2, not 3/],
  ])('is not trusted with %s', (_, memberAccounts, t, fault) => {
    expect(groupFault({ memberAccounts, t }, expected)).toMatch(fault);
  });
});
