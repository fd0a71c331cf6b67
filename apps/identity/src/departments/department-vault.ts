import { concat, openAtRest, parseScalar, type RandomBytes, scalarBytes, sealAtRest } from '@cpds/crypto';
import { DepartmentKeys, newDepartmentSecrets } from '@cpds/wallet';

/** A department's keys as they are stored, with what of them is public. */
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
    private readonly kek: Uint8Array,
    private readonly random: RandomBytes,
  ) {}

  /** Fresh keys for a department. */
  create(departmentId: string): SealedDepartment {
    const secrets = newDepartmentSecrets(this.random);
    const bytes = concat(scalarBytes(secrets.spending), scalarBytes(secrets.viewing));
    const sealedKeys = Buffer.from(sealAtRest(this.kek, place(departmentId), bytes));
    return { sealedKeys, metaAddress: new DepartmentKeys(secrets).metaAddress, spending: secrets.spending };
  }

  /** Opens the keys of a row. @throws CryptoError `wrong-kek` */
  open(row: { departmentId: string; sealedKeys: Uint8Array }): DepartmentKeys {
    const bytes = openAtRest(this.kek, place(row.departmentId), row.sealedKeys);
    return new DepartmentKeys({
      spending: parseScalar(bytes.slice(0, 32), 'spending'),
      viewing: parseScalar(bytes.slice(32), 'viewing'),
    });
  }
}

function place(departmentId: string): string {
  return `department/${departmentId}`;
}
