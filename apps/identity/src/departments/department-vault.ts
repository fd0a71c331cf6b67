import type { RandomBytes } from '@cpds/crypto';
import { concat } from '@cpds/crypto/bytes';
import { parseScalar, scalarBytes } from '@cpds/crypto/curve';
import type { KeyRing } from '@cpds/crypto/custody';
import type { SealedPlace } from '@cpds/service';
import { DepartmentKeys, newDepartmentSecrets } from './department-keys.js';

/** A department's keys as they are stored, with their public side. */
export interface SealedDepartment {
  sealedKeys: Buffer;
  metaAddress: string;
  /** signs the registration on chain, then is forgotten */
  spending: bigint;
}

/**
 * The only code that turns sealed department keys into usable ones, for the length of a call. Sealed as b ‖ a, bound to
 * the department's id: bytes moved to another row do not open.
 */
export class DepartmentVault {
  constructor(
    private readonly ring: KeyRing,
    private readonly random: RandomBytes,
  ) {}

  /** Fresh keys for a department. */
  create(departmentId: string): SealedDepartment {
    const secrets = newDepartmentSecrets(this.random);
    const bytes = concat(scalarBytes(secrets.spending), scalarBytes(secrets.viewing));
    const sealedKeys = Buffer.from(this.ring.seal(place(departmentId), bytes));
    return { sealedKeys, metaAddress: new DepartmentKeys(secrets).metaAddress, spending: secrets.spending };
  }

  /** Opens the keys of a row. @throws CryptoError `wrong-kek`, `broken-seal` */
  open(row: { departmentId: string; sealedKeys: Uint8Array }): DepartmentKeys {
    const bytes = this.ring.open(place(row.departmentId), row.sealedKeys);
    return new DepartmentKeys({
      spending: parseScalar(bytes.slice(0, 32), 'spending'),
      viewing: parseScalar(bytes.slice(32), 'viewing'),
    });
  }
}

function place(departmentId: string): string {
  return `department/${departmentId}`;
}

/** All departments' keys, for sealing anew. */
export const departmentPlace: SealedPlace = {
  table: 'department',
  key: ['department_id'],
  sealed: { column: 'sealed_keys', encoding: 'bytes' },
  placeOf: (row) => place(row['department_id'] as string),
};
