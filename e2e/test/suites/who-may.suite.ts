import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { IdentityClient, TokenSource } from '@cpds/client';
import type { ClientView } from '@cpds/messages';
import type { Stage } from '../support/stage.js';

const program = fileURLToPath(new URL('../../../apps/cli/bin/cpds.mjs', import.meta.url));

/** Runs `cpds` with `--json`: its exit code and what it printed. */
function cpds(dir: string, ...words: string[]): Promise<{ code: number; printed: unknown }> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [program, ...words, '--json', '--dir', dir], (_error, stdout, stderr) => {
      if (stdout === '') return reject(new Error(`cpds ${words.join(' ')} printed nothing: ${stderr}`));
      resolve({ code: child.exitCode ?? -1, printed: JSON.parse(stdout) });
    });
  });
}

/** Whoever runs a hospital shuts a client out from the command line, and lets it in again. */
export function whoMaySuite(stageOf: () => Stage): void {
  describe('a client that is disabled with `cpds`', () => {
    it('has its living token refused at once and gets no other, until it is enabled', async () => {
      const { consortium, backends } = stageOf().world;
      const { dir } = consortium;
      const identityUrl = await consortium.urlOf('identity.south');
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const [clientId, scopes] = ['second-admin.south', ['identity.admin']];
      const jwk = { kty: 'EC' as const, crv: 'P-384' as const, x, y };
      await backends.south.identity.registerClient({ clientId, jwk, scopes, departments: [] });
      const privateJwk = privateKey.export({ format: 'jwk' });
      const tokens = () => new TokenSource({ identityUrl, clientId, privateJwk, scopes });
      const living = new IdentityClient({ baseUrl: identityUrl, tokens: tokens() });
      await living.departments();

      expect(await cpds(dir, 'clients', 'disable', 'south', clientId)).toEqual({
        code: 0,
        printed: { hospital: 'south', id: clientId, isDisabled: true },
      });
      await expect(living.departments()).rejects.toMatchObject({ code: 'token-refused' });
      await expect(tokens().token()).rejects.toMatchObject({ code: 'client-refused' });
      const { code, printed } = await cpds(dir, 'clients', 'list', 'south');
      expect(code).toBe(0);
      const listed = (printed as { entries: ClientView[] }).entries;
      expect(listed.find((client) => client.clientId === clientId)).toMatchObject({
        scopes,
        disabledAt: expect.any(String) as string,
      });
      expect(listed.find((client) => client.clientId === 'admin.south')).toMatchObject({ disabledAt: null });

      expect(await cpds(dir, 'clients', 'enable', 'south', clientId)).toMatchObject({
        code: 0,
        printed: { isDisabled: false },
      });
      await living.departments();
      await tokens().token();
    }, 120_000);

    it('is one that exists, at a hospital that exists', async () => {
      const { dir } = stageOf().world.consortium;
      const refusal = (code: string) => ({ ok: false, error: { code } });
      expect(await cpds(dir, 'clients', 'disable', 'south', 'nobody')).toMatchObject({
        code: 1,
        printed: refusal('client-unknown'),
      });
      expect(await cpds(dir, 'clinicians', 'list', 'east')).toMatchObject({
        code: 2,
        printed: refusal('unknown-hospital'),
      });
    }, 60_000);
  });
}
