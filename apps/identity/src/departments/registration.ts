import { ERC6538Registry, type Hex } from '@cpds/contracts';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { addressOf, G, scalarBytes } from '@cpds/crypto/curve';
import { SigningKey, TypedDataEncoder } from 'ethers';

/** ERC-5564 scheme 1: secp256k1 with view tags. */
const schemeId = 1n;

const entryType = {
  Erc6538RegistryEntry: [
    { name: 'schemeId', type: 'uint256' },
    { name: 'stealthMetaAddress', type: 'bytes' },
    { name: 'nonce', type: 'uint256' },
  ],
};

/**
 * Calldata that registers a department's meta-address under the address of its own spending key (ERC-6538, on behalf):
 * identity pays, the department signs, and each department has an entry of its own.
 */
export function registrationCall(
  registry: Hex,
  chainId: bigint,
  spending: bigint,
  metaAddress: string,
): { to: Hex; data: Hex } {
  const stealthMetaAddress = to0x(fromHex(metaAddress.replace(/^st:eth:/, ''), 'metaAddress', 66));
  const registrant = to0x(addressOf(G.multiply(spending)));
  const domain = { name: 'ERC6538Registry', version: '1.0', chainId, verifyingContract: registry };
  const digest = TypedDataEncoder.hash(domain, entryType, { schemeId, stealthMetaAddress, nonce: 0n });
  const signature = new SigningKey(to0x(scalarBytes(spending))).sign(digest).serialized;
  const data = ERC6538Registry.calldata.registerKeysOnBehalf(registrant, schemeId, signature, stealthMetaAddress);
  return { to: registry, data };
}
