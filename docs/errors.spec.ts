import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** docs/errors.md is complete: every code that can be thrown is in it with its kind, and nothing else is. */

const kinds = ['invalid', 'denied', 'missing', 'conflict', 'unavailable', 'bug'];
const root = fileURLToPath(new URL('..', import.meta.url));

interface Use {
  code: string;
  kind: string;
  file: string;
}

/** Sources that are shipped; tests and what only tests share throw what they like. */
function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      return ['node_modules', 'dist', 'generated', 'test', 'testing', 'attacks', 'hostile'].includes(entry.name)
        ? []
        : sources(path);
    }
    return entry.name.endsWith('.ts') && !/(\.spec|\/testing[^/]*)\.ts$/.test(path) ? [path] : [];
  });
}

/** These two pass on what others threw; the codes they add themselves are literals and are read. */
const passesOn = ['libs/errors/src/app-error.ts', 'libs/errors/src/problem.ts'];

/** Every error built in a file. A code that cannot be read from the source is a code nobody can document: it throws. */
function usesIn(path: string, text: string): Use[] {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const found: Use[] = [];
  const add = (codeArgument: ts.Expression | undefined, kind: readonly string[]): void => {
    if (codeArgument && isPassedOn(codeArgument, tree)) return;
    const codes = codeArgument ? textsOf(codeArgument, tree) : [];
    if ((codes.length === 0 || kind.length === 0) && !passesOn.includes(path)) {
      throw new Error(`${path}: cannot read the code or kind of: ${codeArgument?.parent.getText().slice(0, 80)}`);
    }
    for (const code of codes) for (const one of kind) found.push({ code, kind: one, file: path });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && helpersOf(tree).has(node.expression.text)) {
      add(node.arguments[0], [node.expression.text]);
    }
    if (ts.isNewExpression(node)) built(node.expression.getText(), node.arguments ?? [], add, tree);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword) {
      built(baseOf(node), node.arguments, add, tree);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function built(
  name: string,
  args: readonly ts.Expression[],
  add: (code: ts.Expression | undefined, kind: readonly string[]) => void,
  tree: ts.SourceFile,
): void {
  if (name === 'AppError') add(args[0], args[1] ? textsOf(args[1], tree) : []);
  if (name === 'CryptoError') add(args[0], ['invalid']);
}

/** The helpers of @cpds/errors that this file imports; a function of the same name from elsewhere is none. */
function helpersOf(tree: ts.SourceFile): Set<string> {
  if (tree.fileName === passesOn[0]) return new Set(kinds);
  const names = tree.statements.filter(ts.isImportDeclaration).flatMap((one) => {
    const from = (one.moduleSpecifier as ts.StringLiteral).text;
    const named = one.importClause?.namedBindings;
    if (!/^@cpds\/errors$|app-error\.js$/.test(from) || !named || !ts.isNamedImports(named)) return [];
    return named.elements.map((element) => element.name.text);
  });
  return new Set(names.filter((name) => kinds.includes(name)));
}

function baseOf(node: ts.Node): string {
  for (let at: ts.Node | undefined = node; at; at = at.parent) {
    if (ts.isClassLike(at)) return at.heritageClauses?.[0]?.types[0]?.expression.getText() ?? '';
  }
  return '';
}

/** The texts an expression can stand for: a literal, a choice, a constant, a literal type, or what callers pass. */
function textsOf(expression: ts.Expression, tree: ts.SourceFile): string[] {
  if (ts.isStringLiteralLike(expression)) return [expression.text];
  if (ts.isAsExpression(expression)) return textsOf(expression.expression, tree);
  if (ts.isConditionalExpression(expression)) {
    return [...textsOf(expression.whenTrue, tree), ...textsOf(expression.whenFalse, tree)];
  }
  if (!ts.isIdentifier(expression)) return [];
  const name = expression.text;
  const texts: string[] = [];
  for (let at: ts.Node | undefined = expression.parent; at; at = at.parent) {
    if (!ts.isFunctionLike(at)) continue;
    const place = at.parameters.findIndex((parameter) => parameter.name.getText() === name);
    const parameter = at.parameters[place];
    if (!parameter) continue;
    const literals = [...(parameter.type?.getText().matchAll(/'([^']+)'/g) ?? [])].map(([, text]) => text as string);
    return literals.length > 0 ? literals : passedBy(nameOf(at), place, tree);
  }
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === name && node.initializer) {
      texts.push(...textsOf(node.initializer, tree));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return texts;
}

function nameOf(owner: ts.SignatureDeclaration): string {
  if (owner.name) return owner.name.getText();
  return ts.isVariableDeclaration(owner.parent) ? owner.parent.name.getText() : '';
}

/** `error.code`, or `code` taken out of a peer's answer: whoever built that error documents it. */
function isPassedOn(expression: ts.Expression, tree: ts.SourceFile): boolean {
  if (ts.isPropertyAccessExpression(expression)) return expression.name.text === 'code';
  if (!ts.isIdentifier(expression) || expression.text !== 'code') return false;
  let isTakenOut = false;
  const visit = (node: ts.Node): void => {
    if (ts.isBindingElement(node) && node.name.getText() === 'code') isTakenOut = true;
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return isTakenOut;
}

/** What the callers of `name` in the same file pass at `place`. */
function passedBy(name: string, place: number, tree: ts.SourceFile): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const called = ts.isCallExpression(node) ? node.expression.getText().replace(/^this\./, '') : undefined;
    const passed = ts.isCallExpression(node) ? node.arguments[place] : undefined;
    if (called === name && passed) texts.push(...textsOf(passed, tree));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return texts;
}

/** `code kind` of every row of the page's tables: | `code` | kind | ... */
function documented(page: string): string[] {
  return [...page.matchAll(/^\| `([a-z0-9-]+)` +\| ([a-z]+)/gm)].map(([, code, kind]) => `${code} ${kind}`);
}

describe('docs/errors.md', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const uses = ['apps', 'libs', 'infra'].flatMap((part) =>
    sources(join(root, part)).flatMap((path) => usesIn(relative(root, path), readFileSync(path, 'utf8'))),
  );
  const thrown = new Map(uses.map(({ code, kind, file }) => [`${code} ${kind}`, file]));

  it('has every code that can be thrown, with its kind', () => {
    const rows = new Set(documented(page));
    expect([...thrown].filter(([one]) => !rows.has(one)).map(([one, file]) => `${one} (${file})`)).toEqual([]);
  });

  it('has no code that nothing throws any more', () => {
    expect(documented(page).filter((one) => !thrown.has(one))).toEqual([]);
  });

  it('has each code and kind once', () => {
    const rows = documented(page);
    expect(rows.filter((one, i) => rows.indexOf(one) !== i)).toEqual([]);
  });

  it('says of every row its status, what happened, why, and what to do', () => {
    const rows = page.split('\n').filter((line) => documented(line).length > 0);
    const short = rows.filter((line) => {
      const [, , http, ...said] = line.split('|').slice(1, -1);
      return !/^ [45]\d\d/.test(http ?? '') || said.length !== 3 || said.some((cell) => cell.trim().length < 4);
    });
    expect(short).toEqual([]);
  });
});

describe('the reading of sources', () => {
  const read = (body: string) =>
    usesIn('libs/x/src/x.ts', `import { AppError, invalid, bug } from '@cpds/errors';\n${body}`).map(
      ({ code, kind }) => `${code} ${kind}`,
    );

  it('sees helpers, constructors and subclasses', () => {
    expect(
      read(`throw invalid('a', 'f', 'm'); throw new AppError('b', 'denied', 'm'); throw new CryptoError('c', 'f', 'm');
      class D extends AppError { constructor() { super('d', 'missing', 'm'); } }`),
    ).toEqual(['a invalid', 'b denied', 'c invalid', 'd missing']);
  });

  it('follows choices, constants, literal types and callers', () => {
    expect(
      read(`const code = 'b'; throw bug(x ? 'a' : code, 'm');
      function f(why: 'c' | 'd') { throw bug(why, 'm'); }
      const g = (why: string) => bug(why, 'm'); g('e');`),
    ).toEqual(['a bug', 'b bug', 'c bug', 'd bug', 'e bug']);
  });

  it('refuses a code that it cannot read', () => {
    expect(() => read('throw bug(`x-${y}`, "m");')).toThrow('cannot read the code');
  });

  it('leaves codes that are only passed on to whoever made them', () => {
    expect(read(`const { code } = reply; throw new AppError(code, kind, 'm'); throw bug(cause.code, 'm');`)).toEqual(
      [],
    );
  });

  it('takes a function of the same name for what it is', () => {
    expect(usesIn('libs/x/src/x.ts', `import { invalid } from './x.js'; invalid('a', 'b', 'c');`)).toEqual([]);
  });
});
