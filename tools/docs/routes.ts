import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { ZodObject, ZodType } from 'zod';
import { nodesOf, type Source, treeOf } from './sources.js';

/** One HTTP route, as the sources say. */
export interface Route {
  /** `GET` */
  method: string;
  /** `/requests/{id}` */
  path: string;
  /** names of the query's parameters */
  query: readonly string[];
  /** scopes that the token must have; empty if no token is needed */
  scopes: readonly string[];
  /** HTTP status of success */
  status: number;
  /** name of the controller's class; null for a route that every process has */
  controller: string | null;
  /** first sentence of the handler's comment, without its full stop */
  does: string;
}

const verbs = ['Get', 'Post', 'Put', 'Patch', 'Delete', 'Head', 'Options', 'All'];

type Decorators = ReadonlyMap<string, ts.NodeArray<ts.Expression>>;

/**
 * The routes of all controllers in a file, in the order of the file.
 *
 * @throws Error a route whose path, status, scope or query cannot be read here, that names no scope, or whose handler has no comment
 */
export async function routesOf(source: Source): Promise<Route[]> {
  const tree = treeOf(source);
  const routes: Route[] = [];
  for (const controller of nodesOf(tree).filter(ts.isClassDeclaration)) {
    const onClass = decoratorsOf(controller);
    if (!onClass.has('Controller')) continue;
    for (const method of controller.members.filter(ts.isMethodDeclaration)) {
      const onMethod = decoratorsOf(method);
      for (const verb of verbs.filter((name) => onMethod.has(name))) {
        const where = `${source.file}: ${method.name.getText(tree)}`;
        routes.push({
          method: verb.toUpperCase(),
          path: pathOf(literal(onClass.get('Controller')?.[0], where), literal(onMethod.get(verb)?.[0], where)),
          query: await queryOf(method, tree, source.file),
          scopes: scopesOf(onMethod, onClass, where),
          status: Number(literal(onMethod.get('HttpCode')?.[0], where)) || (verb === 'Post' ? 201 : 200),
          controller: controller.name?.text ?? '',
          does: firstSentence(commentOf(method, source.text), where),
        });
      }
    }
  }
  return routes;
}

/** What a route takes from its caller. */
export interface Input {
  /** `GET` */
  method: string;
  /** `/requests/{id}` */
  path: string;
  scopes: readonly string[];
  /** schema of a query that is taken whole; null for none */
  query: ZodObject | null;
  /** parameters of the query that are taken one by one */
  parameters: readonly string[];
  /** schema of the body; null for none, and for a stream */
  body: ZodType | null;
}

/**
 * What the routes of all controllers in a file take, in the order of `routesOf`.
 *
 * @throws Error as `routesOf`; a body that is parsed with no imported schema
 */
export async function inputsOf(source: Source): Promise<Input[]> {
  const tree = treeOf(source);
  const inputs: Input[] = [];
  for (const route of await routesOf(source)) {
    const handler = handlerOf(route, tree);
    const wholeOf = async (decorator: string): Promise<ZodObject | null> => {
      const parameter = handler.parameters.find((one) => decoratorsOf(one).get(decorator)?.length === 0);
      return parameter ? schemaOf(parameter.name.getText(tree), handler, tree, source.file) : null;
    };
    const query = await wholeOf('Query');
    const { method, path, scopes } = route;
    const parameters = route.query.filter((name) => !(name in (query?.shape ?? {})));
    inputs.push({ method, path, scopes, query, parameters, body: await wholeOf('Body') });
  }
  return inputs;
}

function handlerOf({ method, path, controller }: Route, tree: ts.SourceFile): ts.MethodDeclaration {
  const owner = nodesOf(tree)
    .filter(ts.isClassDeclaration)
    .find(({ name }) => name?.text === controller) as ts.ClassDeclaration;
  const onClass = literal(decoratorsOf(owner).get('Controller')?.[0], path);
  return owner.members.filter(ts.isMethodDeclaration).find((member) => {
    const verb = [...decoratorsOf(member)].find(([name]) => name.toUpperCase() === method);
    return verb !== undefined && pathOf(onClass, literal(verb[1][0], path)) === path;
  }) as ts.MethodDeclaration;
}

/** The routes that a file opens on the HTTP server itself: `http.get('/healthz', …)`. */
export function doorsOf(source: Source): Route[] {
  return nodesOf(treeOf(source))
    .filter(ts.isExpressionStatement)
    .flatMap((statement) => {
      const call = statement.expression;
      if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.expression)) return [];
      const [path] = call.arguments;
      const method = call.expression.name.text.toUpperCase();
      const isVerb = verbs.some((verb) => verb.toUpperCase() === method);
      if (!isVerb || path === undefined || !ts.isStringLiteral(path) || !path.text.startsWith('/')) return [];
      const does = firstSentence(commentOf(statement, source.text), `${source.file}: ${path.text}`);
      return [{ method, path: path.text, query: [], scopes: [], status: 200, controller: null, does }];
    });
}

/** The controllers that a file's modules name, by class. */
export function mountedBy(source: Source): string[] {
  return nodesOf(treeOf(source))
    .filter(ts.isPropertyAssignment)
    .filter(({ name }) => ts.isIdentifier(name) && name.text === 'controllers')
    .flatMap(({ initializer }) => nodesOf(initializer).filter(ts.isIdentifier))
    .map(({ text }) => text);
}

function decoratorsOf(node: ts.HasDecorators): Decorators {
  return new Map(
    (ts.getDecorators(node) ?? [])
      .map(({ expression }) => expression)
      .filter(ts.isCallExpression)
      .map((call) => [call.expression.getText(), call.arguments]),
  );
}

/** The text of a literal; the empty text if there is none. */
function literal(expression: ts.Expression | undefined, where: string): string {
  if (expression === undefined) return '';
  if (ts.isStringLiteral(expression) || ts.isNumericLiteral(expression)) return expression.text;
  throw new Error(`${where}: ${expression.getText()} is no literal, so the route's table cannot say it`);
}

/** `requests` and `:id/consent`: `/requests/{id}/consent`. */
function pathOf(...parts: string[]): string {
  const path = parts.filter((part) => part !== '').join('/');
  return `/${path.replace(/:(\w+)/g, '{$1}')}`;
}

/** Reads marks as `AccessGuard` does: those of the handler come before those of the class, an open route before its scopes. */
function scopesOf(onMethod: Decorators, onClass: Decorators, where: string): string[] {
  if (onMethod.has('Open') || onClass.has('Open')) return [];
  const scopes = onMethod.get('Scopes') ?? onClass.get('Scopes');
  if (scopes === undefined) throw new Error(`${where}: the route names no scope and is not open`);
  return scopes.map((scope) => literal(scope, where));
}

/** `@Query('name')` names one parameter; a whole `@Query()` has those of the schema that the handler parses it with. */
async function queryOf(method: ts.MethodDeclaration, tree: ts.SourceFile, file: string): Promise<string[]> {
  const names: string[] = [];
  for (const parameter of method.parameters) {
    const query = decoratorsOf(parameter).get('Query');
    if (query === undefined) continue;
    const where = `${file}: ${method.name.getText(tree)}`;
    if (query.length > 0) names.push(literal(query[0], where));
    else names.push(...Object.keys((await schemaOf(parameter.name.getText(tree), method, tree, file)).shape));
  }
  return names;
}

/** The schema in `parse(Schema, query, …)`. */
async function schemaOf(
  parameter: string,
  method: ts.MethodDeclaration,
  tree: ts.SourceFile,
  file: string,
): Promise<ZodObject> {
  const parsed = nodesOf(method)
    .filter(ts.isCallExpression)
    .find((call) => call.expression.getText(tree) === 'parse' && call.arguments[1]?.getText(tree) === parameter);
  const name = parsed?.arguments[0]?.getText(tree);
  const from = tree.statements
    .filter(ts.isImportDeclaration)
    .find(({ importClause }) => importClause?.namedBindings?.getText(tree).match(new RegExp(`\\b${name}\\b`)));
  if (name === undefined || from === undefined)
    throw new Error(`${file}: ${method.name.getText(tree)} parses its query with no imported schema`);
  const { text } = from.moduleSpecifier as ts.StringLiteral;
  const url = text.startsWith('.') ? new URL(text.replace(/\.js$/, '.ts'), pathToFileURL(file)).href : text;
  const module = (await import(url)) as Record<string, ZodObject>;
  return module[name] as ZodObject;
}

/** The last documentation comment before a node, without its stars. */
function commentOf(node: ts.Node, text: string): string {
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
  const last = ranges
    .map(({ pos, end }) => text.slice(pos, end))
    .filter((comment) => comment.startsWith('/**'))
    .at(-1);
  return (last ?? '')
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^\s*\* ?/gm, '')
    .trim();
}

function firstSentence(comment: string, where: string): string {
  const sentence = /^(.+?)\.(?=\s+[^a-z]|$)/s.exec(comment.split('\n\n')[0] ?? '')?.[1];
  if (sentence === undefined)
    throw new Error(`${where}: the handler has no comment whose first sentence says what it does`);
  return sentence.replace(/\s+/g, ' ');
}
