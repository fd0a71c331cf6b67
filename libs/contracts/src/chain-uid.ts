import { fromHex, to0x } from '@cpds/crypto/bytes';
import { chainUid as uidOf } from '@cpds/crypto/hash';
import type { Hex } from './hex.js';

/**
 * Identity of a chain (protocol section 12), from and as hex. Private chains share chain ids, so the id alone would let a
 * signature travel between them.
 */
export function chainUid(chainId: bigint | number, genesisHash: string): Hex {
  return to0x(uidOf(chainId, fromHex(genesisHash, 'genesisHash', 32)));
}
