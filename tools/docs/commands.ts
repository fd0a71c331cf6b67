import { globSync } from 'node:fs';
import ts from 'typescript';
import { nodesOf, root, type Source, treeOf } from './sources.js';

/** Commands that a reader of this repository can type. */
export interface Commands {
  /** `npm run …`: scripts of the root's package.json and of the page's package */
  scripts: readonly string[];
  /** `npm test -- …` */
  stages: readonly string[];
  /** `cpds …`: names with their options, `wallet list` -> `--dir` */
  cpds: ReadonlyMap<string, readonly string[]>;
}

/** The names in the object `stages` of `tools/test.mjs`. */
export function stagesIn(source: Source): string[] {
  return nodesOf(treeOf(source))
    .filter(ts.isVariableDeclaration)
    .filter(({ name }) => name.getText() === 'stages')
    .flatMap(({ initializer }) =>
      initializer && ts.isObjectLiteralExpression(initializer) ? initializer.properties : [],
    )
    .flatMap(({ name }) => (name === undefined ? [] : [name.getText()]));
}

/** The commands that the cli declares by `command(parent, 'name <argument>', …)`, with the options chained to each and those of all. */
export function cpdsCommandsIn(source: Source): Map<string, string[]> {
  const tree = treeOf(source);
  const calls = nodesOf(tree).filter(ts.isCallExpression);
  const named = new Map<ts.Node, string>();
  for (const call of calls) {
    const [parent, usage] = call.arguments;
    if (call.expression.getText() !== 'command' || usage === undefined || !ts.isStringLiteral(usage)) continue;
    const group = parent!.getText() === 'program' ? [] : [groupOf(parent!.getText(), tree)];
    named.set(call, [...group, usage.text.split(' ')[0]].join(' '));
  }
  const options = calls
    .filter(({ expression }) => ts.isPropertyAccessExpression(expression) && expression.name.text === 'option')
    .map((call) => ({
      option: (call.arguments[0] as ts.StringLiteral).text.split(' ')[0]!,
      of: nodesOf(call).flatMap((node) => named.get(node) ?? [])[0],
    }));
  const ofAll = options.filter(({ of }) => of === undefined).map(({ option }) => option);
  return new Map(
    [...named.values()].map((name) => [
      name,
      [...ofAll, ...options.filter(({ of }) => of === name).map(({ option }) => option)],
    ]),
  );
}

/** `const wallet = program.command('wallet')`. */
function groupOf(variable: string, tree: ts.SourceFile): string {
  return new RegExp(`const ${variable} = program\\s*\\.command\\('([\\w-]+)'\\)`).exec(tree.text)?.[1] ?? variable;
}

/** The commands of a page that do not exist, `line: command`. */
export function unknownCommands(text: string, known: Commands): string[] {
  return text.split('\n').flatMap((line, i) => unknownIn(line, known).map((command) => `${i + 1}: ${command}`));
}

function unknownIn(line: string, { scripts, stages, cpds }: Commands): string[] {
  const found = (pattern: RegExp): string[] => [...line.matchAll(pattern)].map(([, words]) => words!.trim());
  return [
    ...found(/\bnpm run (?:-s |--silent )?([a-z][\w:-]*)/g)
      .filter((script) => !scripts.includes(script))
      .map((script) => `npm run ${script}`),
    ...found(/\bnpm test -- ([\w ]+)/g)
      .flatMap((words) => words.split(/ +/))
      .filter((stage) => !stages.includes(stage))
      .map((stage) => `npm test -- ${stage}`),
    ...found(/\bnpm start -- ([^`#]+?)(?=`|#| {2}|$)/g).flatMap((words) => unknownUses(`start ${words}`, cpds)),
    ...found(/(?:^|`|npx )cpds ([a-z][^`#]*?)(?=`|#| {2}|$)/g).flatMap((words) => unknownUses(words, cpds)),
    ...found(/\bnpx jest ([a-z][\w./-]*)/g)
      .filter((path) => globSync(`${path}*`, { cwd: root }).length === 0)
      .map((path) => `npx jest ${path}`),
  ];
}

/** `wallet list | revoke ID [--bridge URL]`: both, the second in the group of the first. */
function unknownUses(usage: string, cpds: Commands['cpds']): string[] {
  const [group] = usage.split(' ');
  return usage.split(' | ').flatMap((use) => {
    const [first, second] = use.split(' ');
    const name = [`${first} ${second}`, `${first}`, `${group} ${first}`].find((one) => cpds.has(one));
    if (name === undefined) return [`cpds ${use}`];
    const unknown = (use.match(/--[\w-]+/g) ?? []).filter((option) => !cpds.get(name)!.includes(option));
    return unknown.map((option) => `cpds ${name} ${option}`);
  });
}
