import { fromHex } from '@cpds/crypto/bytes';
import type { GroupKey } from '@cpds/crypto/group';
import type { Group } from './consortium-view.js';

/** The group as the arithmetic takes it. */
export function groupKeyOf(group: Group): GroupKey {
  return {
    threshold: group.threshold,
    publicKey: fromHex(group.y, 'group.y', 33),
    verificationShares: new Map(
      group.members.map((member) => [member.index, fromHex(member.verificationShare, 'verificationShare', 33)]),
    ),
  };
}
