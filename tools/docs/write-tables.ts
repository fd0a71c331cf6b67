// `npm run docs:tables`: writes the generated parts of every README that has some.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './sources.js';
import { generatedPages, madeAnew } from './tables.js';

for (const page of await generatedPages()) {
  const path = join(root, page.page);
  const text = readFileSync(path, 'utf8');
  const fresh = await madeAnew(text, page);
  if (fresh !== text) console.log(`written: ${page.page}`);
  writeFileSync(path, fresh);
}
