import { to0x } from '@cpds/crypto/bytes';
import { compressed, G } from '@cpds/crypto/curve';
import { KeyRing } from '@cpds/crypto/custody';
import { parseMetaAddress } from '@cpds/crypto/stealth';
import { DepartmentVault } from './department-vault.js';

const ring = new KeyRing(new Uint8Array(32).fill(1));
let counter = 0;
const random = (length: number): Uint8Array => new Uint8Array(length).fill(++counter);

describe('DepartmentVault', () => {
  it('gives back the keys it made', () => {
    const vault = new DepartmentVault(ring, random);
    const { sealedKeys, metaAddress, spending } = vault.create('a');
    expect(vault.open({ departmentId: 'a', sealedKeys }).metaAddress).toBe(metaAddress);
    expect(to0x(compressed(parseMetaAddress(metaAddress).spendingKey))).toBe(to0x(compressed(G.multiply(spending))));
  });

  it('opens no keys that were moved to another row, changed, or sealed under another key', () => {
    const vault = new DepartmentVault(ring, random);
    const { sealedKeys } = vault.create('a');
    expect(() => vault.open({ departmentId: 'b', sealedKeys })).toThrow(
      expect.objectContaining({ code: 'broken-seal' }),
    );
    const changed = Buffer.from(sealedKeys);
    changed[30]! ^= 1;
    expect(() => vault.open({ departmentId: 'a', sealedKeys: changed })).toThrow(
      expect.objectContaining({ code: 'broken-seal' }),
    );
    const other = new DepartmentVault(new KeyRing(new Uint8Array(32).fill(2)), random);
    expect(() => other.open({ departmentId: 'a', sealedKeys })).toThrow(expect.objectContaining({ code: 'wrong-kek' }));
  });
});
