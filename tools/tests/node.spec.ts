import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const tools = fileURLToPath(new URL('..', import.meta.url));
const packageName = `node-${process.platform}-${process.arch}`;
const pinned = (
  JSON.parse(readFileSync(join(tools, 'runtime/package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  }
).optionalDependencies;

describe('a program of this project in an older Node', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cpds-node-'));
  const old = join(dir, 'old.mjs');
  const program = join(dir, 'program.mjs');
  const cache = join(dir, 'cache');
  const brought = join(cache, `cpds/node-${pinned[packageName]}/node_modules/${packageName}/bin/node`);

  /** Runs the program as a machine with Node 20.20.2 would: only what `process.versions` says is old about it. */
  const command = (...args: string[]) =>
    [
      process.execPath,
      ['--import', pathToFileURL(old).href, program, ...args],
      { env: { PATH: process.env['PATH'], HOME: dir, XDG_CACHE_HOME: cache } },
    ] as const;

  beforeAll(() => {
    mkdirSync(dirname(brought), { recursive: true });
    copyFileSync(process.execPath, brought);
    chmodSync(brought, 0o755);
    writeFileSync(old, "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });\n");
    writeFileSync(
      program,
      `import { spawnSync } from 'node:child_process';
       import { inPinnedNode, isBroughtAlong } from ${JSON.stringify(pathToFileURL(join(tools, 'node.mjs')).href)};
       await inPinnedNode();
       const which = spawnSync('node', ['-p', 'process.execPath'], { encoding: 'utf8' }).stdout.trim();
       if (process.argv[2] === 'wait') {
         process.on('SIGTERM', () => process.exit(9));
         setInterval(() => undefined, 1_000);
       } else process.exitCode = 7;
       console.log(JSON.stringify({ args: process.argv.slice(2), execPath: process.execPath, which, isBroughtAlong }));`,
    );
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('goes on in the Node that was brought along, with its arguments and its exit code, and says so in one line', () => {
    const [file, args, options] = command('a', '--b');
    const { status, stdout, stderr } = spawnSync(file, args, { ...options, encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual({ args: ['a', '--b'], execPath: brought, which: brought, isBroughtAlong: true });
    expect(status).toBe(7);
    expect(stderr).toBe(`Node 20.20.2 is older than 22.15: going on in Node ${pinned[packageName]} (${brought})\n`);
  });

  it('passes a signal on, and ends as the program ended', async () => {
    const [file, args, options] = command('wait');
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([9, null]);
  });

  it('runs as it is where its Node is new enough', () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [program], { ...command()[2], encoding: 'utf8' });
    expect(JSON.parse(stdout)).toMatchObject({ execPath: process.execPath, isBroughtAlong: false });
    expect([status, stderr]).toEqual([7, '']);
  });
});
