import { signDigest } from '@cpds/contracts';
import { importJWK, jwtVerify } from 'jose';
import { parameters, hex } from './testing/facts.js';
import { Wallet } from './wallet.js';
import { enrol, sendRevocation, WalletClient } from './wallet-client.js';

const wallet = new Wallet(new Uint8Array(32).fill(5));

/** A hospital in this process: answers by path and keeps the requests. */
function hospital(answers: Record<string, { status?: number; body?: object }>) {
  const asked: { method: string; url: URL; init: RequestInit }[] = [];
  const fetcher = async (input: string, init: RequestInit): Promise<Response> => {
    const url = new URL(input);
    asked.push({ method: init.method!, url, init });
    const { status = 200, body } = answers[url.pathname]!;
    return new Response(body === undefined ? null : JSON.stringify(body), { status });
  };
  return { asked, fetcher };
}

const urls = { identityUrl: 'http://id/', recordsUrl: 'http://records', bridgeUrl: 'http://bridge/' };
const token = { body: { access_token: 'T', expires_in: 300 } };

describe('wallet client', () => {
  it('proves itself with its auth key once and carries the token', async () => {
    const { asked, fetcher } = hospital({ '/token': token, '/wallet/parameters': { body: parameters } });
    const client = new WalletClient(wallet, { ...urls, clientId: 'wallet-1', fetcher });
    expect(await client.parameters()).toEqual(parameters);
    await client.parameters();
    expect(asked.map(({ url }) => url.href)).toEqual([
      'http://id/token',
      'http://bridge/wallet/parameters',
      'http://bridge/wallet/parameters',
    ]);
    expect(new Headers(asked[1]!.init.headers).get('authorization')).toBe('Bearer T');
    const form = new URLSearchParams(String(asked[0]!.init.body));
    expect(form.get('scope')).toBe('wallet');
    // What identity does: the public key is the one in the signed Enrolment.
    const { d: _secret, ...publicJwk } = wallet.authJwk;
    const { payload } = await jwtVerify(form.get('client_assertion')!, await importJWK(publicJwk, 'EdDSA'), {
      audience: 'http://id/token',
      issuer: 'wallet-1',
      subject: 'wallet-1',
      algorithms: ['EdDSA'],
    });
    expect(payload.jti).toBeDefined();
    expect(wallet.enrolment(hex(1)).enrolment.authKey).toBe(
      `0x${Buffer.from(publicJwk.x, 'base64url').toString('hex')}`,
    );
  });

  it('waits for requests and says no', async () => {
    const id = '0b5f1f9e-6d0b-4a53-9d4b-2f1f3f1d7a11';
    const { asked, fetcher } = hospital({
      '/token': token,
      '/wallet/requests': { body: { requests: [] } },
      [`/requests/${id}/denial`]: { status: 204 },
    });
    const client = new WalletClient(wallet, { ...urls, clientId: 'wallet-1', fetcher });
    expect(await client.requests(20)).toEqual([]);
    expect(asked[1]!.url.search).toBe('?waitSeconds=20');
    await client.deny(id);
    expect(asked.at(-1)).toMatchObject({ method: 'POST', url: { pathname: `/requests/${id}/denial` } });
  });

  it('refuses an answer that is not what the door promises, and passes refusals on by name', async () => {
    const broken = hospital({ '/token': token, '/wallet/deeds': { body: { deeds: [{}] } } });
    const client = new WalletClient(wallet, { ...urls, clientId: 'wallet-1', fetcher: broken.fetcher });
    await expect(client.deeds()).rejects.toThrow('answer of GET wallet/deeds: deeds.0.recordId:');
    const problem = { code: 'code-used', kind: 'conflict', detail: 'this enrolment code was used' };
    const refusing = hospital({ '/enrolments': { status: 409, body: problem } });
    await expect(enrol(wallet, 'http://id', 'a'.repeat(16), hex(1), refusing.fetcher)).rejects.toMatchObject({
      code: 'code-used',
      kind: 'conflict',
    });
  });

  it('revokes without a token', async () => {
    const answer = {
      from: 'storeman-1',
      answer: { grantId: hex(1), action: 'revoke', verdict: 'revoked', signature: signDigest(2n, hex(2)) },
      forwarded: [],
    };
    const { asked, fetcher } = hospital({ '/revocations': { body: answer } });
    const statement = { kind: 'revoke' as const, grantId: hex(1), homeUid: hex(2), signature: signDigest(3n, hex(3)) };
    expect(await sendRevocation('http://any', statement, fetcher)).toEqual(answer);
    expect(new Headers(asked[0]!.init.headers).has('authorization')).toBe(false);
  });
});
