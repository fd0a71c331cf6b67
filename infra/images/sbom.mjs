// What a joined file holds: a CycloneDX list by `npm sbom`, and the licences with their texts (docs/decisions/0030).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const manifestOf = (path) => readJson(join(root, path, 'package.json'));

/** @typedef {string[]} Packages folders from the root of the repository, as `apps/<service>/dist/packages.json` has them: `node_modules/pg` */

let whole;

/**
 * The list of every package of production; asked once. npm is asked of a lockfile without what only development needs:
 * with `--omit dev` it would also leave out a package that both need.
 *
 * @throws Error npm's own words
 */
function wholeTree() {
  if (whole !== undefined) return whole;
  const [manifest, lock] = ['package.json', 'package-lock.json'].map((name) => readJson(join(root, name)));
  delete manifest.devDependencies;
  const kept = Object.entries(lock.packages).filter(([, { dev }]) => !dev);
  lock.packages = Object.fromEntries(kept.map(([path, { devDependencies: _, ...entry }]) => [path, entry]));
  const dir = mkdtempSync(join(tmpdir(), 'cpds-sbom-'));
  try {
    writeFileSync(join(dir, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(dir, 'package-lock.json'), JSON.stringify(lock));
    const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
    const { status, stdout, stderr } = spawnSync('npm', args, { cwd: dir, encoding: 'utf8', maxBuffer: 2 ** 26 });
    if (status !== 0) throw new Error(`npm sbom ended with ${status}: ${stderr}`);
    whole = JSON.parse(stdout);
    return whole;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/**
 * The CycloneDX list of the packages in a service's joined file.
 *
 * npm's list of a workspace would name what its package.json names, and npm's list of the tree what any service uses;
 * this one is npm's entries for what esbuild took. Number and time are npm's only drift: the number comes from the
 * content, the time is left out.
 *
 * @param packages {Packages}
 * @throws Error a package is in the file and not among those of production
 */
export function sbomOf(service, packages) {
  const { components, dependencies, metadata, ...head } = wholeTree();
  const { name, version, description, license } = manifestOf(`apps/${service}`);
  const wanted = new Set(packages.map((path) => manifestOf(path)).map((one) => `${one.name}@${one.version}`));
  const kept = components.filter((one) => wanted.has(one['bom-ref']));
  const lacking = [...wanted].filter((ref) => !kept.some((one) => one['bom-ref'] === ref));
  if (lacking.length > 0)
    throw new Error(`${service}'s file holds packages that are no dependencies of production: ${lacking.join(', ')}`);
  const self = `${name}@${version}`;
  const within = (refs) => refs.filter((ref) => wanted.has(ref));
  const graph = [
    { ref: self, dependsOn: [...wanted].sort() },
    ...dependencies
      .filter(({ ref }) => wanted.has(ref) && ref !== self)
      .map((one) => ({ ...one, dependsOn: within(one.dependsOn) })),
  ];
  const { lifecycles, tools } = metadata;
  const component = {
    'bom-ref': self,
    type: 'application',
    name: `cpds-${service}`,
    version,
    description,
    purl: `pkg:npm/${encodeURIComponent(name).replace('%2F', '/')}@${version}`,
    licenses: [{ license: { id: license } }],
  };
  const bill = { ...head, metadata: { lifecycles, tools, component }, components: kept, dependencies: graph };
  return { ...bill, serialNumber: `urn:uuid:${uuidOf(JSON.stringify({ ...bill, serialNumber: undefined }))}` };
}

/** A UUID that says of itself that it was made from content (RFC 9562 §5.8). */
function uuidOf(text) {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Every package with its licence and the texts that its licence wants to go along.
 *
 * @param packages {Packages}
 */
export function licencesOf(packages) {
  const entries = packages.map((path) => {
    const { name, version, license } = manifestOf(path);
    const texts = readdirSync(join(root, path))
      .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
      .sort()
      .map((file) => readFileSync(join(root, path, file), 'utf8').trim());
    return [`${name} ${version}`, [`${name} ${version}: ${license}`, ...texts].join('\n\n')];
  });
  const sorted = [...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${sorted.map(([, text]) => text).join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
