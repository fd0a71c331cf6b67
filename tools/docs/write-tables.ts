// `npm run docs:tables`: writes the generated parts of every README that has some, and the defaults in infra/k8s.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './sources.js';
import { retentionPage } from './retention.js';
import { settingsFiles } from './settings.js';
import { generatedPages, madeAnew, retentionMadeAnew } from './tables.js';

for (const page of await generatedPages()) await write(page.page, (text) => madeAnew(text, page));
await write(retentionPage, retentionMadeAnew);
for (const { path, text } of settingsFiles()) await write(path, () => Promise.resolve(text));

async function write(page: string, anew: (text: string) => Promise<string>): Promise<void> {
  const path = join(root, page);
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const fresh = await anew(text);
  if (fresh !== text) console.log(`written: ${page}`);
  writeFileSync(path, fresh);
}
