// Lays out the root file system of a service's image from the node that runs this: in a stage of the Dockerfile the
// base's, for tests this machine's.
//
// usage: node root.mjs TARGET [FILES]
//   TARGET/runtime   node, the libraries that it loads, certificates, users: the same for every service
//   TARGET/service   what FILES holds; only where FILES is given
//
// SOURCE_DATE_EPOCH (default 0) is the time of every file: the same files make the same layer.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { rootCertificates } from 'node:tls';

const [target, files] = process.argv.slice(2);
if (target === undefined) {
  console.error('usage: node root.mjs TARGET [FILES]');
  process.exit(2);
}
const runtime = join(target, 'runtime');
const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? 0);

/** Copies a file to the place that it has here, or to `as`; follows links, since the target has none. */
function bring(path, as = path) {
  mkdirSync(dirname(join(runtime, as)), { recursive: true });
  copyFileSync(path, join(runtime, as));
}

function write(path, text) {
  mkdirSync(dirname(join(runtime, path)), { recursive: true });
  writeFileSync(join(runtime, path), text);
}

/** The libraries in this process, the loader among them. The first entry is the kernel's own, which is no file. */
function libraries() {
  process.report.excludeNetwork = true; // it would ask for the names of addresses
  return process.report.getReport().sharedObjects.filter(isAbsolute);
}

/** Node and what is compiled into it, as CycloneDX: the packages of the joined file stand in the service's own list. */
function bill() {
  const { node, modules: _abi, napi: _api, ...parts } = process.versions;
  const glibc = process.report.getReport().header.glibcVersionRuntime;
  const component = (name, version, rest = {}) => ({
    type: 'library',
    'bom-ref': `${name}@${version}`,
    name,
    version,
    ...rest,
  });
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    components: [
      component('node', node, {
        type: 'application',
        purl: `pkg:generic/node@${node}`,
        licenses: [{ license: { id: 'MIT' } }],
      }),
      component('glibc', glibc, { purl: `pkg:generic/glibc@${glibc}` }),
      ...Object.entries(parts).map(([name, version]) => component(name, version)),
    ],
  };
}

/** Licences of what is copied, where the base has them. */
function bringLicences() {
  const ofNode = join(dirname(process.execPath), '..', 'LICENSE');
  if (existsSync(ofNode)) bring(ofNode, '/usr/local/LICENSE');
  for (const name of ['libc6', 'libstdc++6', 'libgcc-s1']) {
    const path = `/usr/share/doc/${name}/copyright`;
    if (existsSync(path)) bring(path);
  }
}

/** One mode and one time for all: neither the umask nor the clock of the machine that builds shows in the image. */
function settle(path) {
  const entry = lstatSync(path);
  if (entry.isDirectory()) for (const name of readdirSync(path)) settle(join(path, name));
  chmodSync(path, entry.isDirectory() || isProgram(path) ? 0o755 : 0o644);
  utimesSync(path, seconds, seconds);
}

const isProgram = (path) => path.endsWith('/bin/node') || /\/ld-linux[^/]*$/.test(path);

bring(process.execPath, '/usr/local/bin/node');
for (const path of libraries()) bring(path);
bringLicences();
// Node has these certificates in itself; this file is for whoever sets `--use-openssl-ca`.
write('/etc/ssl/certs/ca-certificates.crt', `${rootCertificates.join('\n')}\n`);
write('/etc/passwd', 'root:x:0:0:root:/:/nologin\nnonroot:x:65532:65532:nonroot:/:/nologin\n');
write('/etc/group', 'root:x:0:\nnonroot:x:65532:\n');
write('/etc/nsswitch.conf', 'hosts: files dns\n');
write('/usr/share/doc/cpds/runtime.cdx.json', `${JSON.stringify(bill(), null, 2)}\n`);
// Places where a container runtime mounts: it cannot make them in a root that is read-only.
for (const path of ['proc', 'dev', 'sys', 'run', 'tmp']) mkdirSync(join(runtime, path), { recursive: true });
settle(runtime);
chmodSync(join(runtime, 'tmp'), 0o1777);

if (files !== undefined) {
  cpSync(files, join(target, 'service'), { recursive: true, dereference: true });
  settle(join(target, 'service'));
}
