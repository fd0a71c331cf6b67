import { parseMetaAddress, to0x, compressed, G } from '@cpds/crypto';
import { DepartmentVault } from './department-vault.js';

const kek = new Uint8Array(32).fill(1);
let counter = 0;
const random = (length: number): Uint8Array => new Uint8Array(length).fill(++counter);

describe('DepartmentVault', () => {
  it('gives back the keys it made', () => {
    const vault = new DepartmentVault(kek, random);
    const { sealedKeys, metaAddress, spending } = vault.create('a');
    expect(vault.open({ departmentId: 'a', sealedKeys }).metaAddress).toBe(metaAddress);
    expect(to0x(compressed(parseMetaAddress(metaAddress).spendingKey))).toBe(to0x(compressed(G.multiply(spending))));
  });

  it('opens no keys that were moved to another row, changed, or sealed under another key', () => {
    const vault = new DepartmentVault(kek, random);
    const { sealedKeys } = vault.create('a');
    expect(() => vault.open({ departmentId: 'b', sealedKeys })).toThrow(expect.objectContaining({ code: 'wrong-kek' }));
    const changed = Buffer.from(sealedKeys);
    changed[20]! ^= 1;
    expect(() => vault.open({ departmentId: 'a', sealedKeys: changed })).toThrow(
      expect.objectContaining({ code: 'wrong-kek' }),
    );
    const other = new DepartmentVault(new Uint8Array(32).fill(2), random);
    expect(() => other.open({ departmentId: 'a', sealedKeys })).toThrow(expect.objectContaining({ code: 'wrong-kek' }));
  });
});
