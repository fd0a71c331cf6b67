/** The wallet in a page: nothing of Node is in it, and Chromium takes a patient from enrolment to revocation. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { pageScript, testPage } from '@cpds/local';
import { transform } from 'esbuild';
import type { journey } from './testing/journey.js';
import { World } from './testing/world.js';

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** The globals that only Node has, where `source` uses one that it does not define. */
async function nodeGlobalsIn(source: string): Promise<string[]> {
  const names = ['Buffer', 'process', 'global', 'require', '__dirname', '__filename', 'setImmediate'];
  const define = Object.fromEntries(names.map((name) => [name, `ofNode_${name}`]));
  const { code } = await transform(source, { loader: 'ts', define, target: 'es2022' });
  return names.filter((name) => code.includes(define[name]!));
}

describe('the wallet in a page', () => {
  it('reaches nothing of Node: no module, and no global in this project’s own files', async () => {
    const { ownFiles } = await pageScript(pathOf('index.ts'));
    expect(ownFiles).toEqual(expect.arrayContaining([pathOf('wallet-holder.ts'), pathOf('../../chain/src/rpc.ts')]));
    const found = ownFiles.map(async (path) => [path, await nodeGlobalsIn(await readFile(path, 'utf8'))] as const);
    expect((await Promise.all(found)).filter(([, names]) => names.length > 0)).toEqual([]);
  });

  it('would notice what is of Node', async () => {
    await expect(pageScript(pathOf('node.ts'))).rejects.toThrow('Could not resolve "node:fs/promises"');
    expect(
      await nodeGlobalsIn('const of = process.pid; const its = { Buffer: 1 }; its.Buffer; Buffer.from("");'),
    ).toEqual(['Buffer', 'process']);
    expect(await nodeGlobalsIn('const process = 1; const its = { Buffer: process }; its.Buffer;')).toEqual([]);
  });

  it('goes from enrolment to revocation in Chromium', async () => {
    const scripts = ['index.ts', 'testing/journey.ts'].map((file) => pageScript(pathOf(file)));
    const [wallet, way] = (await Promise.all(scripts)).map(({ text }) => ({ type: 'text/javascript', body: text }));
    const html =
      '<!doctype html><script src="/wallet.js"></script><script>wallet = tested</script><script src="/way.js"></script>';
    const world = await World.open({
      '/': { type: 'text/html', body: html },
      '/wallet.js': wallet!,
      '/way.js': way!,
    });
    try {
      const page = await testPage(world.url);
      try {
        const { lines, grantId, ...rest } = await page.evaluate<Awaited<ReturnType<typeof journey>>>(
          `tested.journey(new wallet.MemoryStorage(), ${JSON.stringify(world.pins)})`,
        );
        expect(lines[1]).toBe('Who: Cardiology, south');
        expect(rest).toMatchObject({ patientId: world.patientId, storedGrants: [grantId], needed: 3 });
        expect(rest.confirmedBy).toEqual(['storeman-1', 'storeman-2', 'storeman-3']);
        expect(world.consents).toHaveLength(1);
        expect(world.revocations).toMatchObject([{ kind: 'revoke', grantId }]);
      } finally {
        await page.close();
      }
    } finally {
      await world.close();
    }
  }, 600_000);
});
