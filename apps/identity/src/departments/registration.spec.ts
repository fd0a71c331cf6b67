import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromHex, toHex } from '@cpds/crypto/bytes';
import { parseScalar } from '@cpds/crypto/curve';
import { signerOf } from '@cpds/crypto/ecdsa';
import { AbiCoder } from 'ethers';
import { registrationCall } from './registration.js';

interface Registration {
  chainId: number;
  registry: `0x${string}`;
  spending: string;
  metaAddress: string;
  registrant: string;
  digest: string;
}

const file = fileURLToPath(new URL('../../../../libs/crypto/vectors/cpds-edge-v1.json', import.meta.url));
const { registration } = JSON.parse(readFileSync(file, 'utf8')) as { registration: Registration[] };

describe('a registration on behalf (ERC-6538)', () => {
  it.each(registration)("signs the second implementation's digest on chain $chainId", (one) => {
    const spending = parseScalar(fromHex(one.spending, 'spending', 32), 'spending');
    const { to, data } = registrationCall(one.registry, BigInt(one.chainId), spending, one.metaAddress);
    expect(to).toBe(one.registry);
    const types = ['address', 'uint256', 'bytes', 'bytes'];
    const [registrant, schemeId, signature, metaAddress] = AbiCoder.defaultAbiCoder().decode(
      types,
      `0x${data.slice(10)}`,
    );
    expect([registrant.toLowerCase(), schemeId]).toEqual([`0x${one.registrant}`, 1n]);
    expect(`st:eth:${metaAddress}`).toBe(one.metaAddress);
    const signer = signerOf(fromHex(one.digest, 'digest', 32), fromHex(signature, 'signature', 65));
    expect(toHex(signer!)).toBe(one.registrant);
  });
});
