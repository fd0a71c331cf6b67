import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the pages point at is there: the tests the threat model leans on, and every linked file. */

const root = fileURLToPath(new URL('..', import.meta.url));

function pages(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory())
      return /^(node_modules|dist|cache|out|\..*)$/.test(entry.name) ? [] : pages(join(dir, entry.name));
    return entry.name.endsWith('.md') ? [join(dir, entry.name)] : [];
  });
}

/** `file` › "name", or same file › "name". */
function citedTests(text: string): { file: string; name: string }[] {
  let file = '';
  return [...text.matchAll(/(?:`([^`]+)`|same file) › "([^"]+)"/g)].map(([, named, name]) => {
    file = named ?? file;
    return { file, name: name as string };
  });
}

/** Whether a spec or a Solidity test has a test of this name. */
function hasTest({ file, name }: { file: string; name: string }): boolean {
  if (!existsSync(join(root, file))) return false;
  const text = readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'");
  if (file.endsWith('.sol')) return text.includes(`function ${name}(`);
  return ["'", '"', '`'].some((quote) => text.includes(`it(${quote}${name}${quote}`));
}

describe('docs/threat-model.md', () => {
  const cited = citedTests(readFileSync(join(root, 'docs/threat-model.md'), 'utf8').replace(/^.*`file` ›.*$/m, ''));

  it('leans on tests, all of which exist', () => {
    expect(cited.length).toBeGreaterThan(30);
    expect(cited.filter((test) => !hasTest(test))).toEqual([]);
  });

  it('would notice a test that is gone', () => {
    expect(hasTest({ file: 'docs/docs.spec.ts', name: 'would notice a test that is gone' })).toBe(true);
    expect(hasTest({ file: 'docs/docs.spec.ts', name: 'would notice a test' })).toBe(false);
    expect(hasTest({ file: 'docs/nowhere.spec.ts', name: 'would notice a test that is gone' })).toBe(false);
  });
});

describe('the pages of this project', () => {
  it('link to files that exist', () => {
    const broken = pages(root).flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target]) => target as string)
        .filter((target) => !existsSync(join(dirname(page), target)))
        .map((target) => `${relative(root, page)}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
});
