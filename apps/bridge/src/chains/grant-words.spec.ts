import { lockStatus, mappingStatus, mostForbidding } from './grant-words.js';

describe("the contracts' words", () => {
  it('become the statuses of the table', () => {
    expect(lockStatus({ status: 'None', reason: 'None' })).toBe('none');
    expect(lockStatus({ status: 'Locked', reason: 'None' })).toBe('locked');
    expect(lockStatus({ status: 'Closed', reason: 'Refunded' })).toBe('refunded');
    expect(lockStatus({ status: 'Closed', reason: 'Revoked' })).toBe('revoked');
    expect(lockStatus({ status: 'Closed', reason: 'GivenBack' })).toBe('given-back');
    expect(lockStatus({ status: 'Void', reason: 'None' })).toBe('void');
    expect(mappingStatus({ status: 'Mapped', reason: 'None' })).toBe('mapped');
    expect(mappingStatus({ status: 'Closed', reason: 'GivenBack' })).toBe('given-back');
    expect(mappingStatus({ status: 'Void', reason: 'None' })).toBe('void');
  });

  it('of several heads, the one that forbids most counts', () => {
    expect(mostForbidding(['locked', 'revoked', 'none'])).toBe('revoked');
    expect(mostForbidding(['none', 'locked'])).toBe('locked');
    expect(mostForbidding(['mapped', 'void'])).toBe('void');
    expect(mostForbidding(['refunded', 'locked'])).toBe('refunded');
  });
});
