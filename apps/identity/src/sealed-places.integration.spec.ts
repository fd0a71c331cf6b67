import { randomBytes, randomUUID } from 'node:crypto';
import { KeyRing } from '@cpds/crypto/custody';
import { testPostgres } from '@cpds/local';
import { derivationRoot, reseal } from '@cpds/service';
import { openStore, UnitOfWork } from '@cpds/store';
import { DepartmentRow } from './departments/department.row.js';
import { DepartmentVault } from './departments/department-vault.js';
import { KeyedHash } from './hashes/keyed-hash.js';
import { identityTables } from './migrations.js';
import { identityService } from './service.js';

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

describe('a new key-encryption key', () => {
  it('opens every department and finds every patient as before', async () => {
    const database = await testPostgres();
    const store = await openStore({ url: database.url, ...identityTables });
    const unitOfWork = new UnitOfWork(store);
    const [old, fresh] = [random(32), random(32)];
    const hashOf = async (ring: KeyRing): Promise<Buffer> =>
      new KeyedHash(await unitOfWork.run((tx) => derivationRoot(tx, ring))).of('identifier', { value: '42' });
    const before = await hashOf(new KeyRing(old));
    expect(before).toEqual(new KeyedHash(new KeyRing(old).origin()).of('identifier', { value: '42' }));

    const vault = new DepartmentVault(new KeyRing(old), random);
    const made = Array.from({ length: 3 }, (_, n) => {
      const departmentId = randomUUID();
      const { sealedKeys, metaAddress } = vault.create(departmentId);
      return { departmentId, name: `department ${n}`, metaAddress, sealedKeys };
    });
    await store.manager.insert(DepartmentRow, made);

    const done = await reseal(unitOfWork, new KeyRing(fresh, [old]), identityService.sealed ?? [], () => undefined);
    expect(done.map(({ table, rows, left }) => [table, rows, left])).toEqual([
      ['derivation_root', 1, 0],
      ['department', 3, 0],
      ['outbox', 0, 0],
    ]);
    const later = new DepartmentVault(new KeyRing(fresh), random);
    for (const row of await store.manager.find(DepartmentRow))
      expect(later.open(row).metaAddress).toBe(row.metaAddress);
    expect(await hashOf(new KeyRing(fresh))).toEqual(before);
    await store.destroy();
    await database.close();
  });
});
