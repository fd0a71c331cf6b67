// `npm run bench -- NAME [arguments]`: measures; never a test. Everything must be built.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

const [name, ...rest] = process.argv.slice(2);
const file = new URL(`./${name}.mjs`, import.meta.url);
if (name === undefined || name === 'index' || !existsSync(file)) {
  const names = (await readdir(new URL('.', import.meta.url))).map((one) => one.replace(/\.mjs$/, ''));
  console.error(`usage: npm run bench -- NAME; there are: ${names.filter((one) => one !== 'index').join(', ')}`);
  process.exit(2);
}
await (await import(file.href)).run(rest);
process.exit(0);
