// Lays out the root file system of a service's image as a folder, of this machine's node and without a builder: what
// tests start the service in.
//
// usage: node lay-out.mjs SERVICE DIR
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bringService, services } from './context.mjs';

const [service, dir] = process.argv.slice(2);
if (!services.includes(service) || dir === undefined) {
  console.error('usage: node lay-out.mjs SERVICE DIR');
  process.exit(2);
}
const made = mkdtempSync(join(tmpdir(), 'cpds-root-'));
try {
  bringService(service, join(made, 'files'));
  const root = fileURLToPath(new URL('root.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [root, made, join(made, 'files')], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
  // As layers lie: the service's over the runtime's.
  for (const layer of ['runtime', 'service']) cpSync(join(made, layer), dir, { recursive: true });
} finally {
  rmSync(made, { recursive: true });
}
