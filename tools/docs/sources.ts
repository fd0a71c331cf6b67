import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A file of the repository: absolute path and text. */
export interface Source {
  file: string;
  text: string;
}

/** Files of the repository that match one of the patterns, in order, without specs, installed packages, builds and data of a run. */
export function sources(...patterns: string[]): Source[] {
  return globSync(patterns, { cwd: root, exclude: (path) => /(^|\/)(node_modules|dist|cache|out|\.\w+)$/.test(path) })
    .filter((path) => !path.endsWith('.spec.ts'))
    .sort()
    .map((path) => ({ file: join(root, path), text: readFileSync(join(root, path), 'utf8') }));
}

/** The syntax tree of a file, whose nodes know their parents. */
export function treeOf({ file, text }: Source): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

/** A node and everything below it. */
export function nodesOf(node: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = [node];
  ts.forEachChild(node, (child) => void nodes.push(...nodesOf(child)));
  return nodes;
}
