import { KeyRing } from '@cpds/crypto/custody';
import { checkKeyShare, type KeyShare } from '@cpds/crypto/group';
import { unavailable } from '@cpds/errors';
import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@cpds/store';
import { groupKeyOf, type Group } from '../chains/consortium-view.js';
import { KeyShareRow } from './key-share.row.js';

/** Name of a share, for sealing: a row moved to another key or epoch does not open. */
export const sharePlaceOf = (row: Pick<KeyShareRow, 'purpose' | 'keyId' | 'epoch'>) =>
  `share/${row.purpose}/${row.keyId}/${row.epoch}`;

/** The shares this node holds, sealed under its key-encryption key. */
@Injectable()
export class KeyShares {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly ring: KeyRing,
  ) {}

  /** Stores a share in the caller's transaction; storing it again changes nothing. */
  async store(
    tx: Tx,
    share: { purpose: 'sign' | 'seal'; keyId: string; epoch: number; index: number; secret: Uint8Array },
    at: Date,
  ): Promise<void> {
    const { purpose, keyId, epoch, index, secret } = share;
    const sealed = Buffer.from(this.ring.seal(sharePlaceOf(share), secret));
    const row = { keyId, epoch, purpose, memberIndex: index, sealed, createdAt: at };
    await tx.manager.createQueryBuilder().insert().into(KeyShareRow).values(row).orIgnore().execute();
  }

  /**
   * Opens this node's share of `group`, and checks it against the verification share that the hub lists.
   *
   * @throws AppError `no-share` when this node has none of this epoch
   * @throws CryptoError `wrong-kek`, `broken-seal`, `bad-share`
   */
  async of(group: Group, index: number): Promise<KeyShare> {
    const row = await this.unitOfWork.reader.findOneBy(KeyShareRow, { keyId: group.keyId, epoch: group.epoch });
    if (!row || row.purpose !== group.purpose)
      throw unavailable('no-share', `this node has no share of the ${group.purpose} key in epoch ${group.epoch}`);
    const secret = this.ring.open(sharePlaceOf(row), new Uint8Array(row.sealed));
    return checkKeyShare({ index, secret, group: groupKeyOf(group) });
  }
}
