// `npm run bench -- NAME [arguments]`: measures; never a test. Everything must be built.
const names = ['crypto', 'outbox', 'share', 'images', 'page'];

const [name, ...rest] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`usage: npm run bench -- NAME; there are: ${names.join(', ')}`);
  process.exit(2);
}
const { run } = await import(new URL(`./${name}.mjs`, import.meta.url).href);
await run(rest);
// each result is on the page
if (name !== 'page') await (await import('./page.mjs')).run();
process.exit(0);
