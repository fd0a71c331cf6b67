import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Pages and comments can be read in an editor and in a diff; links of pages lead to a heading, and the files they name
 * are there. `docs.spec.ts` looks at links to files and at cited tests.
 */

const root = fileURLToPath(new URL('..', import.meta.url));

/** Tables that a script writes or a test reads row by row; their prose is held to the rules all the same. */
const wideTables: readonly string[] = ['docs/benchmarks.md', 'docs/errors.md'];
/** Written by `bench/page.mjs`: its sentences are results and notes of runs. */
const generated: readonly string[] = ['docs/benchmarks.md'];

const maxLine = 160;
const maxRow = 200;

const files = filesIn(root);
const pages = files.filter((file) => file.endsWith('.md'));
/** Files whose comments people write; those under `generated/` come from a script. */
const sources = files.filter((file) => /\.(ts|mjs|sol)$/.test(file) && !file.includes('/generated/'));

/** Every file of the repository, as a path from its root. */
function filesIn(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (/^(node_modules|dist|cache|out|\..*)$/.test(entry.name)) return [];
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesIn(path) : [relative(root, path)];
  });
}

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** The lines of a page outside code blocks, with their numbers. */
function linesOf(text: string): { at: number; line: string }[] {
  let isCode = false;
  return text.split('\n').flatMap((line, i) => {
    const isFence = /^\s*(```|~~~)/.test(line);
    if (isFence) isCode = !isCode;
    return isFence || isCode ? [] : [{ at: i + 1, line }];
  });
}

const isRow = (line: string): boolean => line.trimStart().startsWith('|');

/** What counts of a line: the target of a link, an address and the path of a file cannot be broken. */
function breakable(line: string): string {
  return line
    .replace(/\]\([^)\s]*\)/g, ']')
    .replace(/https?:\S+/g, '')
    .replace(/`[^`\s]*\/[^`\s]*`/g, '');
}

/** Lines and rows that are too long, as `at: length`. */
function tooLong(text: string, limits: { line: number; row: number }): string[] {
  return linesOf(text).flatMap(({ at, line }) => {
    const length = isRow(line) ? line.length : breakable(line).length;
    return length > (isRow(line) ? limits.row : limits.line) ? [`${at}: ${length}`] : [];
  });
}

/** Comments that are too long, as `at: length`: lines of a comment, and what follows the code on its line. */
function tooLongComments(text: string, limit: number): string[] {
  return text.split('\n').flatMap((line, i) => {
    const isComment = /^\s*(\/\/|\/\*|\*( |\/|$))|\s\/\/ /.test(line);
    return isComment && line.length > limit ? [`${i + 1}: ${line.length}`] : [];
  });
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const { line } of linesOf(text)) {
    const heading = /^#{1,6} (.+)$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
    let free = anchor;
    for (let n = 1; anchors.has(free); n++) free = `${anchor}-${n}`;
    anchors.add(free);
  }
  return anchors;
}

/** Links with an anchor, as page and anchor. */
function anchorLinks(page: string, text: string): { target: string; anchor: string }[] {
  return linesOf(text)
    .flatMap(({ line }) => [...line.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)/g)])
    .map(([, path, anchor]) => ({
      target: path ? normalize(join(dirname(page), path)) : page,
      anchor: anchor as string,
    }));
}

const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]));

const isFromRoot = (path: string): boolean => path.includes('/') && folders.has(path.split('/')[0]);

/** Made when the project runs: builds, and the pages of `npm run docs`. */
const isMade = (path: string): boolean => path.includes('dist/') || path.startsWith('docs/api/');

/**
 * Spans of code that are the path of a file or folder: they begin at the root, or end as a source's name does.
 * A name in `.json` without a folder is most often that of a file that a service writes, or another project has.
 */
function pathsIn(text: string): string[] {
  return linesOf(text)
    .flatMap(({ line }) => [...line.matchAll(/`([^`]+)`/g)].map(([, span]) => span as string))
    .filter((span) => /^[\w.*{},-]+(\/[\w.*{},-]+)*\/?$/.test(span) && !isMade(span))
    .filter((span) => isFromRoot(span) || /\w\.(ts|mjs|sol|md)$/.test(span));
}

/** Whether a path, with its braces and stars, is that of a file or folder: in full where it begins at the root. */
function exists(path: string): boolean {
  return alternativesOf(path.replace(/\/$/, '')).every((one) => {
    const name = one.replaceAll('.', '\\.').replaceAll('*', '[^/]*');
    const pattern = new RegExp(`${isFromRoot(one) ? '^' : '(^|/)'}${name}(/|$)`);
    return files.some((file) => pattern.test(file));
  });
}

/** `a.{b,c}.ts`: a.b.ts and a.c.ts. */
function alternativesOf(pattern: string): string[] {
  const [whole, before, inside, after] = /^(.*)\{([^{}]*)\}(.*)$/.exec(pattern) ?? [];
  if (whole === undefined) return [pattern];
  return inside!.split(',').flatMap((one) => alternativesOf(`${before}${one}${after}`));
}

/** Pages that are read from beginning to end. */
const stories = ['ARCHITECTURE', 'how-a-share-works', 'protocol', 'threat-model', 'wire'].map(
  (name) => `docs/${name}.md`,
);

/** Entries whose word also has its everyday meaning, or is a verb: which use is the first one only a reader can tell. */
const everydayWords: readonly string[] = ['Anchor', 'Grant', 'Leaf', 'Receipt', 'Ring', 'Slot', 'Tag'];

/** Whether a page uses the word of an entry in a sentence before it links it, or without linking it at all. */
function isLinkedLate(text: string, entry: string, entries: readonly string[]): boolean {
  const word = (name: string): string => `\\b${name.replace(/man$/, 'm[ae]n')}s?\\b`;
  const longer = entries.filter((other) => other !== entry && other.toLowerCase().includes(entry.toLowerCase()));
  const blank = (found: string): string => ' '.repeat(found.length);
  // a cited test is called what it is called
  const sentences = linesOf(text)
    .map(({ line }) => (line.startsWith('#') || line.includes(' › ') ? '' : line.replace(/`[^`]*`/g, blank)))
    .join('\n');
  const words = sentences
    .replace(/\]\([^)]*\)/g, blank)
    .replace(new RegExp(longer.map(word).join('|') || '(?!)', 'gi'), blank);
  const first = words.search(new RegExp(word(entry), 'i'));
  const link = sentences.indexOf(`glossary.md#${entry.toLowerCase().replaceAll(' ', '-')})`);
  return first >= 0 && (link < 0 || sentences.slice(first, link).includes('\n'));
}

describe('the pages', () => {
  it('are many', () => {
    expect(pages.length).toBeGreaterThan(40);
  });

  it.each(pages.filter((page) => !generated.includes(page)))('%s has lines that fit a screen', (page) => {
    const row = wideTables.includes(page) ? Number.POSITIVE_INFINITY : maxRow;
    expect(tooLong(textOf(page), { line: maxLine, row })).toEqual([]);
  });

  it('link to headings that exist', () => {
    const broken = pages.flatMap((page) =>
      anchorLinks(page, textOf(page))
        .filter(({ target, anchor }) => !files.includes(target) || !anchorsOf(textOf(target)).has(anchor))
        .map(({ target, anchor }) => `${page}: ${target}#${anchor}`),
    );
    expect(broken).toEqual([]);
  });

  it('name files and folders that exist', () => {
    const gone = pages.flatMap((page) =>
      pathsIn(textOf(page))
        .filter((path) => !exists(path))
        .map((path) => `${page}: ${path}`),
    );
    expect(gone).toEqual([]);
  });
});

describe('the comments', () => {
  it('have lines that fit a screen', () => {
    expect(sources.length).toBeGreaterThan(700);
    const long = sources.flatMap((file) => tooLongComments(textOf(file), maxLine).map((found) => `${file}:${found}`));
    expect(long).toEqual([]);
  });
});

describe('docs/glossary.md', () => {
  const glossary = 'docs/glossary.md';
  const entries = [...textOf(glossary).matchAll(/^## (.+)$/gm)].map(([, name]) => name as string);

  it('has its entries in order', () => {
    expect(entries.length).toBeGreaterThan(11);
    expect(entries).toEqual([...entries].sort((a, b) => a.localeCompare(b)));
  });

  it('has no entry that no page links to', () => {
    const linked = pages
      .filter((page) => page !== glossary)
      .flatMap((page) => anchorLinks(page, textOf(page)))
      .filter(({ target }) => target === glossary)
      .map(({ anchor }) => anchor);
    expect(
      [...anchorsOf(textOf(glossary))].filter((anchor) => anchor !== 'glossary' && !linked.includes(anchor)),
    ).toEqual([]);
  });

  it.each(stories)('explains its words to whoever reads %s, once, where each comes first', (page) => {
    const text = textOf(page);
    const linked = anchorLinks(page, text).filter(({ target }) => target === glossary);
    const anchors = linked.map(({ anchor }) => anchor);
    expect(anchors.filter((anchor, i) => anchors.indexOf(anchor) !== i)).toEqual([]);
    const late = entries.filter((entry) => !everydayWords.includes(entry) && isLinkedLate(text, entry, entries));
    expect(late).toEqual([]);
  });
});

describe('the reading of pages', () => {
  const limits = { line: 20, row: 30 };

  it('counts what can be broken, and leaves code blocks alone', () => {
    expect(tooLong('x'.repeat(21), limits)).toEqual(['1: 21']);
    expect(tooLong(`see [this](${'x'.repeat(40)}) and \`libs/${'x'.repeat(40)}\``, limits)).toEqual([]);
    expect(tooLong(`\`\`\`\n${'x'.repeat(40)}\n\`\`\`\n${'x'.repeat(40)}`, limits)).toEqual(['4: 40']);
    expect(tooLong(`| ${'x'.repeat(20)} |\n| ${'x'.repeat(30)} |`, limits)).toEqual(['2: 34']);
  });

  it('finds a long comment in its block, on its line and behind code, and leaves long code alone', () => {
    const long = 'x'.repeat(20);
    const text = `/** ${long} */\n * ${long}\n// ${long}\na(); // ${long}\n${long}${long}\n// short`;
    expect(tooLongComments(text, 20)).toEqual(['1: 27', '2: 23', '3: 23', '4: 28']);
  });

  it('makes the anchors that GitHub makes', () => {
    const anchors = ['a-b-c', 'x', 'x-1', 'map-reduce'];
    expect([...anchorsOf('# A, B: c!\n## X\n## x\n### `map`-[Reduce](y.md)\n')]).toEqual(anchors);
  });

  it('finds a path that is not there, and takes no other code for one', () => {
    const text =
      '`docs/gone.md` `nowhere.ts` `docs.spec.ts` `docs/*.spec.ts` `bridge.grant` `tile/entries/*` `<noun>.ts`';
    expect(pathsIn(text)).toEqual(['docs/gone.md', 'nowhere.ts', 'docs.spec.ts', 'docs/*.spec.ts']);
    expect(pathsIn(text).filter((path) => !exists(path))).toEqual(['docs/gone.md', 'nowhere.ts']);
    expect(exists('libs/store/src/{lease,unit-of-work}.ts')).toBe(true);
    expect(exists('store/src/{lease,gone}.ts')).toBe(false);
  });
});
