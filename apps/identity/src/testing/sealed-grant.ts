/** A grant to a department, as another hospital's patient would make it, for tests. */

import { randomBytes } from 'node:crypto';
import { grantDigestWithoutKey, grantId, type Hex } from '@cpds/contracts';
import { fromHex, to0x, u8 } from '@cpds/crypto/bytes';
import { capsuleLabel, sealCapsule, sealedKeyHash } from '@cpds/crypto/capsule';
import { compressed, G, pointFromHex } from '@cpds/crypto/curve';
import { newOneTimeKey, parseMetaAddress } from '@cpds/crypto/stealth';
import type { Grant } from '@cpds/messages';

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** A grant to the department with this meta-address, its capsule, and the storemen's W. */
export function sealedGrant(metaAddress: string, destinationUid: Hex) {
  const recipient = newOneTimeKey(parseMetaAddress(metaAddress), random);
  const homeUid = to0x(random(32));
  const draft: Grant = {
    nonce: to0x(random(32)),
    lockedAccount: to0x(random(20)),
    destinationUid,
    mappedDeeds: to0x(random(20)),
    slot: 7,
    tag: to0x(compressed(G)),
    recipientKey: to0x(compressed(recipient.key)),
    ephemeralKey: to0x(compressed(recipient.ephemeralKey)),
    viewTag: to0x(u8(recipient.viewTag)),
    revoker: to0x(random(20)),
    termsHash: to0x(random(32)),
    sealedKeyHash: `0x${'00'.repeat(32)}`,
    lockBefore: 1,
    mintBefore: 2,
    notAfter: 3,
  };
  const y = 123456789n;
  const ySeal = G.multiply(y);
  const keyId = random(32);
  const fileKey = random(16);
  const label = capsuleLabel(fromHex(grantDigestWithoutKey(homeUid, draft), 'digest', 32), keyId, ySeal);
  const capsule = sealCapsule({ fileKey, label, recipientKey: recipient.key, ySeal }, random);
  const grant = { ...draft, sealedKeyHash: to0x(sealedKeyHash(capsule)) };
  const C = pointFromHex(to0x(capsule.slice(0, 33)), 'C');
  const w = to0x(compressed(C.add(recipient.key).multiply(y)));
  return {
    grant,
    homeUid,
    grantId: grantId(homeUid, grant),
    capsule: to0x(capsule),
    keyId: to0x(keyId),
    ySeal: to0x(compressed(ySeal)),
    w,
    fileKey,
  };
}
