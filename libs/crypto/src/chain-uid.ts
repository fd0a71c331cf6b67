import { checkBytes, u256 } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { keccak256 } from './hash.js';

/** Identity of a chain: keccak256(u256 chainId ‖ genesis hash), 32 bytes (section 12). Private chains share chain ids. */
export function chainUid(chainId: bigint | number, genesisHash: Uint8Array): Uint8Array {
  if (checkBytes(genesisHash, 'genesisHash').length !== 32)
    throw new CryptoError('bad-hash', 'genesisHash', 'must be 32 bytes');
  return keccak256(u256(chainId), genesisHash);
}
