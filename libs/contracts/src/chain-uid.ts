import { fromHex, keccak256, to0x, u256, concat } from '@cpds/crypto';
import type { Hex } from './hex.js';

/**
 * Identity of a chain (protocol section 12): keccak256(u256 chainId ‖ genesis hash). Private chains share chain ids,
 * so the id alone would let a signature travel between them.
 */
export function chainUid(chainId: bigint | number, genesisHash: string): Hex {
  return to0x(keccak256(concat(u256(chainId), fromHex(genesisHash, 'genesisHash', 32))));
}
