// `npm run docs:tables`: writes the generated parts of every README that has some.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './sources.js';
import { retentionPage } from './retention.js';
import { generatedPages, madeAnew, retentionMadeAnew } from './tables.js';

for (const page of await generatedPages()) await write(page.page, (text) => madeAnew(text, page));
await write(retentionPage, retentionMadeAnew);

async function write(page: string, anew: (text: string) => Promise<string>): Promise<void> {
  const path = join(root, page);
  const text = readFileSync(path, 'utf8');
  const fresh = await anew(text);
  if (fresh !== text) console.log(`written: ${page}`);
  writeFileSync(path, fresh);
}
