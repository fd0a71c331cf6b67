import { readFileSync } from 'node:fs';
import { version } from './version.js';

it('is the version of the package', () => {
  const path = new URL('../package.json', import.meta.url);
  expect(version).toBe((JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version);
});
