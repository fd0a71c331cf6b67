import type { Grant } from '@cpds/messages';
import { factsQuery } from './facts.js';
import { heldRow, holdsGrant, TransferRow } from './transfer.row.js';

const grant: Grant = {
  nonce: '0x00',
  lockedAccount: '0x0c',
  destinationUid: '0x0b',
  mappedDeeds: '0x0d',
  slot: 0,
  tag: '0x0e',
  recipientKey: '0x02',
  ephemeralKey: '0x03',
  viewTag: '0x00',
  revoker: '0x04',
  termsHash: '0x05',
  sealedKeyHash: '0x06',
  lockBefore: 1,
  mintBefore: 2,
  notAfter: 3,
};
const rowOf = (parts: Partial<TransferRow>): TransferRow =>
  Object.assign(
    new TransferRow(),
    { role: 'A', state: 'requested', homeUid: '0x0a', grantId: null, grant: null },
    parts,
  );

describe('a row that holds a grant', () => {
  it('has its id and itself; no half of it passes', () => {
    const row = rowOf({ grantId: '0x01', grant });
    expect(holdsGrant(row)).toBe(true);
    expect(heldRow(row)).toBe(row);
    for (const parts of [{}, { grant }, { grantId: '0x01' }]) {
      expect(holdsGrant(rowOf(parts))).toBe(false);
      expect(() => heldRow(rowOf(parts))).toThrow('a row that is requested holds no grant');
    }
  });

  it('is asked about by what its grant names', () => {
    expect(factsQuery(heldRow(rowOf({ grantId: '0x01', grant, destinationUid: '0x0b' })))).toEqual({
      role: 'A',
      grantId: '0x01',
      homeUid: '0x0a',
      destinationUid: '0x0b',
      lockedAccount: '0x0c',
      mappedDeeds: '0x0d',
      tag: '0x0e',
    });
  });
});
