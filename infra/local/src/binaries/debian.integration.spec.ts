/** How Chromium and bubblewrap are found, with programs of the test's own on PATH. */

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bubblewrapBinary, chromiumBinary } from './debian.js';

const before = { ...process.env };
const { getuid } = process;
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cpds-chromium-'));
  process.env['PATH'] = dir;
  process.env['XDG_CACHE_HOME'] = dir;
  delete process.env['CPDS_CHROMIUM'];
});
afterEach(() => {
  for (const name of ['PATH', 'XDG_CACHE_HOME', 'CPDS_CHROMIUM']) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  process.getuid = getuid;
  rmSync(dir, { recursive: true });
});

function program(name: string, script = ''): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${script}`);
  chmodSync(path, 0o755);
  return path;
}

/** Writes down its arguments, and puts a chromium on PATH when told to install it. Uses nothing that is on PATH. */
const aptGet = `
here="\${0%/*}"
echo "$@" >> "$here/asked"
case "$*" in
  *install*chromium) echo '#!/bin/sh' > "$here/chromium"; /bin/chmod +x "$here/chromium" ;;
  *install*bubblewrap) echo '#!/bin/sh' > "$here/bwrap"; /bin/chmod +x "$here/bwrap" ;;
esac
`;

describe('Chromium', () => {
  it('is the one that the environment names, before the one on PATH', async () => {
    const onPath = program('chromium');
    expect(await chromiumBinary(() => undefined)).toBe(onPath);
    process.env['CPDS_CHROMIUM'] = program('other');
    expect(await chromiumBinary(() => undefined)).toBe(join(dir, 'other'));
    process.env['CPDS_CHROMIUM'] = join(dir, 'nothing');
    await expect(chromiumBinary(() => undefined)).rejects.toThrow(`CPDS_CHROMIUM names ${join(dir, 'nothing')}`);
  });

  it('is installed by root on Debian', async () => {
    program('apt-get', aptGet);
    process.getuid = () => 0;
    expect(await chromiumBinary(() => undefined)).toBe(join(dir, 'chromium'));
    expect(readFileSync(join(dir, 'asked'), 'utf8')).toMatch(/^\S.* update\n.* install -y .*chromium\n$/);
  });

  it('is asked for in words where nobody can install it, and where installing fails', async () => {
    const advice = 'Install it (on Debian, as root: apt-get install -y chromium) or name one in CPDS_CHROMIUM';
    process.getuid = () => 0;
    await expect(chromiumBinary(() => undefined)).rejects.toThrow(`chromium: none is on PATH. ${advice}`);
    program('apt-get', 'echo the network is away >&2; exit 100');
    await expect(chromiumBinary(() => undefined)).rejects.toThrow('ended with 100: the network is away');
    await expect(chromiumBinary(() => undefined)).rejects.toThrow(advice);
    process.getuid = () => 1000;
    await expect(chromiumBinary(() => undefined)).rejects.toThrow(`chromium: none is on PATH. ${advice}`);
  });
});

describe('bubblewrap', () => {
  it('is installed by the name of its package and found by its own', async () => {
    process.getuid = () => 1000;
    await expect(bubblewrapBinary(() => undefined)).rejects.toThrow(
      'bwrap: none is on PATH. Install it (on Debian, as root: apt-get install -y bubblewrap) or name one in CPDS_BWRAP',
    );
    program('apt-get', aptGet);
    process.getuid = () => 0;
    expect(await bubblewrapBinary(() => undefined)).toBe(join(dir, 'bwrap'));
  });
});
