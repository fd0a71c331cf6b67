import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { hospitalAudience, readConfig, TokenVerifier } from '@cpds/service';
import { p384 } from '@noble/curves/nist.js';
import { createLocalJWKSet, exportJWK, SignJWT } from 'jose';
import { auditConfig } from './config.js';
import { HubTokens, tokensOf } from './tokens.js';

function pair(): { privateKey: KeyObject; publicKey: KeyObject } {
  const secret = p384.utils.randomSecretKey();
  const point = p384.getPublicKey(secret, false);
  const [d, x, y] = [secret, point.slice(1, 49), point.slice(49)].map((bytes) =>
    Buffer.from(bytes).toString('base64url'),
  );
  const privateKey = createPrivateKey({ key: { kty: 'EC', crv: 'P-384', d, x, y }, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
const [north, south, operator] = [pair(), pair(), pair()];
const northUrl = 'http://identity.north';

interface Wish {
  key?: KeyObject;
  issuer?: string;
  subject?: string;
  audience?: string;
  scope?: string;
  lifeSec?: number;
}

const now = (): number => Math.floor(Date.now() / 1_000);
function token({
  key = operator.privateKey,
  issuer = 'hub',
  subject = issuer,
  audience = hospitalAudience('hub'),
  scope = 'audit.read audit.operate',
  lifeSec = 60,
}: Wish): Promise<string> {
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'ES384' })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(now() + lifeSec)
    .sign(key);
}
const ofNorth = (wish: Wish = {}): Promise<string> =>
  token({ key: north.privateKey, issuer: northUrl, subject: 'backend', audience: hospitalAudience('north'), ...wish });

async function verifierOf({ publicKey }: { publicKey: KeyObject }, issuer: string, party: string) {
  const keys = createLocalJWKSet({ keys: [await exportJWK(publicKey)] });
  return new TokenVerifier(keys, issuer, hospitalAudience(party));
}
const hubTokens = async (): Promise<HubTokens> =>
  new HubTokens(
    new Map([
      [northUrl, await verifierOf(north, northUrl, 'north')],
      ['http://identity.south', await verifierOf(south, 'http://identity.south', 'south')],
    ]),
    new Map([['hub', await verifierOf(operator, 'hub', 'hub')]]),
  );

const allScopes = 'identity.admin records.read audit.read audit.operate audit.erase';

describe('a token at the hub', () => {
  it('of a hospital reads and does nothing else, whatever it carries', async () => {
    const { clientId, scopes } = await (await hubTokens()).verify(await ofNorth({ scope: allScopes }));
    expect({ clientId, scopes: [...scopes] }).toEqual({ clientId: 'backend', scopes: ['audit.read'] });
    const none = await (await hubTokens()).verify(await ofNorth({ scope: 'audit.operate' }));
    expect([...none.scopes]).toEqual([]);
  });

  it("of the hub's own operator does what it says", async () => {
    const { clientId, scopes } = await (await hubTokens()).verify(await token({}));
    expect({ clientId, scopes: [...scopes] }).toEqual({ clientId: 'hub', scopes: ['audit.read', 'audit.operate'] });
  });

  it.each([
    ['an operator signed for longer than five minutes', () => token({ lifeSec: 310 }), 'claim exp'],
    ['names another subject than the operator', () => token({ subject: 'voucher-1' }), 'claim sub'],
    ['is for another party', () => token({ audience: hospitalAudience('north') }), 'claim aud'],
    ['has run out', () => token({ lifeSec: -10 }), 'expired'],
    ['a hospital signed as the operator', () => token({ key: north.privateKey }), 'signature'],
    ['an operator signed as a hospital', () => ofNorth({ key: operator.privateKey }), 'signature'],
    ['another hospital signed as north', () => ofNorth({ key: south.privateKey }), 'signature'],
    ['comes from nobody known', () => token({ issuer: 'voucher-1' }), 'claim iss'],
    ['is none', () => Promise.resolve('hub'), 'claim iss'],
  ])('that %s is refused', async (_, made, reason) => {
    const verifying = (await hubTokens()).verify(await made());
    await expect(verifying).rejects.toMatchObject({ code: 'token-refused', status: 401 });
    await expect(verifying).rejects.toThrow(reason);
  });

  it('of an operator is taken by the key in the environment only', async () => {
    const config = async (operators: Record<string, object>) =>
      readConfig(auditConfig, {
        PARTY: 'hub',
        PORT: '0',
        KEY_FILE: 'keys',
        DATABASE_URL: 'postgres://host/db',
        NATS_URL: 'nats://host',
        TOKEN_ISSUERS: JSON.stringify({ north: northUrl }),
        HUB_OPERATORS: JSON.stringify(operators),
        CHAINS: JSON.stringify({ hub: ['http://127.0.0.1:9'] }),
        OWN_CHAIN: 'hub',
        HUB_CHAIN_REGISTRY: `0x${'11'.repeat(20)}`,
        HUB_CHECKPOINT_ANCHOR: `0x${'22'.repeat(20)}`,
      });
    const { kty, crv, x, y } = await exportJWK(operator.publicKey);
    const known = tokensOf(await config({ hub: { kty, crv, x, y } }));
    expect((await known.verify(await token({}))).scopes.has('audit.operate')).toBe(true);
    const unknown = tokensOf(await config({}));
    await expect(unknown.verify(await token({}))).rejects.toMatchObject({ code: 'token-refused' });
    const withSecret = config({ hub: await exportJWK(operator.privateKey) });
    await expect(withSecret).rejects.toMatchObject({ code: 'bad-config', field: 'HUB_OPERATORS' });
  });
});
