import { bootstrapOf, type KnownClient } from './client.js';

const entry = { hash: 'one', keyThumbprint: 'first' };
const known = (part: Partial<KnownClient>): KnownClient => ({
  appliedHash: 'one',
  keyThumbprint: 'first',
  formerKeys: [],
  ...part,
});

describe('a client that the environment names', () => {
  it.each<[string, KnownClient | null, string]>([
    ['is new', null, 'apply'],
    ['was applied already', known({}), 'keep'],
    ['was applied, and its scopes were changed by a door since', known({ keyThumbprint: 'first' }), 'keep'],
    ['has other scopes than before', known({ appliedHash: 'zero' }), 'apply'],
    ['was registered by a door first', known({ appliedHash: null }), 'apply'],
    ['has a new key, as a recovery has', known({ appliedHash: 'zero', keyThumbprint: 'other' }), 'apply'],
    ['has a key that a door replaced', known({ keyThumbprint: 'second', formerKeys: ['first'] }), 'refuse'],
    [
      'has a key that a door replaced, and other scopes than before',
      known({ appliedHash: 'zero', keyThumbprint: 'second', formerKeys: ['first'] }),
      'refuse',
    ],
  ])('and %s', (_, client, outcome) => {
    expect(bootstrapOf(entry, client)).toBe(outcome);
  });
});
