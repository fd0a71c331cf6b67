import 'reflect-metadata';
import { RequestMethod, type Type } from '@nestjs/common';
import { HTTP_CODE_METADATA, METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { key } from '@cpds/service';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { keysOf } from '../docs/environment.js';
import { doorsOf, type Route, routesOf } from '../docs/routes.js';
import { root, sources } from '../docs/sources.js';
import { configs, generatedPages, madeAnew } from '../docs/tables.js';

/** The tables of the READMEs say what controllers and configurations say (`npm run docs:tables`). */

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');
const pages = await generatedPages();

const controllers = sources('{apps,libs}/*/src/**/*.http.controller.ts');

/** Nest's own view of the routes of a module's classes: method, path, and status if one is set. */
function mountedRoutes(module: Record<string, unknown>): string[] {
  return Object.values(module)
    .filter((value): value is Type => typeof value === 'function' && Reflect.hasMetadata(PATH_METADATA, value))
    .flatMap((controller) => {
      const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
      const prototype = controller.prototype as Record<string, object>;
      return Object.getOwnPropertyNames(prototype)
        .map((name) => prototype[name] as object)
        .filter((handler) => Reflect.hasMetadata(METHOD_METADATA, handler))
        .map((handler) => {
          const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number];
          const path = Reflect.getMetadata(PATH_METADATA, handler) as string;
          const status = (Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number | undefined) ?? defaultOf(method);
          return `${method} /${[prefix, path].filter((part) => part !== '/').join('/')} ${status}`;
        });
    });
}

const defaultOf = (method: string | undefined): number => (method === 'POST' ? 201 : 200);

const asMounted = ({ method, path, status }: Route): string =>
  `${method} ${path.replace(/\{(\w+)\}/g, ':$1')} ${status}`;

describe('the tables of the READMEs', () => {
  it.each(pages.map((page) => [page.page, page] as const))('%s is fresh', async (path, page) => {
    expect(textOf(path)).toBe(await madeAnew(textOf(path), page));
  });

  it('are there for every service', () => {
    const services = sources('apps/*/src/config.ts').map(({ file }) => file.split('/').at(-3));
    expect(Object.keys(configs)).toEqual(services);
  });

  it('have every route that Nest has, and no other', async () => {
    const modules = await Promise.all(controllers.map(({ file }) => import(pathToFileURL(file).href)));
    const mounted = modules.flatMap((module: Record<string, unknown>) => mountedRoutes(module));
    expect(mounted.length).toBeGreaterThan(30);
    const told = pages.flatMap(({ routes }) => routes).filter(({ controller }) => controller !== null);
    expect(told.map(asMounted).sort()).toEqual(mounted.sort());
  });

  it('have every route that is opened outside a controller', () => {
    const opened = sources('{apps,libs}/*/src/**/*.ts')
      .filter(({ text }) => /getHttpAdapter\(|getInstance\(/.test(text))
      .flatMap(({ text }) => [...text.matchAll(/\b(?:get|post|put|patch|delete|head|options|all|route)\('\//g)]);
    const told = pages.flatMap(({ routes }) => routes).filter(({ controller }) => controller === null);
    expect(opened.length).toBeGreaterThan(2);
    expect(told).toHaveLength(opened.length);
  });
});

describe('a page', () => {
  const page = pages.find(({ routes }) => routes.length > 5)!;
  const text = textOf(page.page);
  const planted: Route = { ...page.routes[0]!, path: '/planted/{id}' };

  it('is stale when a route was added, is gone, or changed', async () => {
    const [first, ...rest] = page.routes;
    for (const routes of [[...page.routes, planted], rest, [{ ...first!, status: 418 }, ...rest]])
      expect(await madeAnew(text, { ...page, routes })).not.toBe(text);
  });

  it('is stale when a key changed', async () => {
    const [first, ...rest] = page.environment;
    expect(await madeAnew(text, { ...page, environment: [{ ...first!, fallback: '`7`' }, ...rest] })).not.toBe(text);
  });

  it('without a place for its tables is refused', async () => {
    await expect(madeAnew('# audit\n', page)).rejects.toThrow('there is no place for what is generated: routes');
  });

  it('holds a list where a table would be too wide', async () => {
    const wide = { ...planted, does: 'Says more. '.repeat(30).trim() };
    const fresh = await madeAnew(text, { ...page, routes: [wide] });
    expect(fresh).toContain(`- \`${wide.method} /planted/{id}\` (token: none; ${wide.status})\n  Says more.`);
  });
});

describe('the reading of a controller', () => {
  const controller = (body: string, onClass = ''): { file: string; text: string } => ({
    file: join(root, 'tools/checks/planted.ts'),
    text: `import { InclusionParameters } from '@cpds/messages';\n@Controller('things')\n${onClass}\nexport class Things {\n${body}\n}`,
  });
  const read = (body: string, onClass?: string): Promise<Route[]> => routesOf(controller(body, onClass));

  it('finds path, query, scope, status and the first sentence', async () => {
    const body = `
      /** Shows a thing. Not all of it. */
      @Get(':id/part') show(@Query('from') from: string, @Query() query: unknown) { parse(InclusionParameters, query, 'query'); }
      /**
       * Makes a thing,
       * e.g. a small one.
       */
      @Post() @Scopes('wallet') make() {}`;
    expect(await read(body, "@Scopes('audit.read')")).toEqual([
      {
        method: 'GET',
        path: '/things/{id}/part',
        query: ['from', 'producer', 'seq'],
        scopes: ['audit.read'],
        status: 200,
        controller: 'Things',
        does: 'Shows a thing',
      },
      {
        method: 'POST',
        path: '/things',
        query: [],
        scopes: ['wallet'],
        status: 201,
        controller: 'Things',
        does: 'Makes a thing, e.g. a small one',
      },
    ]);
  });

  it.each([
    ['names no scope', '/** Shows. */ @Get() show() {}', 'names no scope'],
    ['has no comment', '@Get() @Open() show() {}', 'no comment whose first sentence'],
    ['has a path that is no literal', '/** Shows. */ @Get(path) @Open() show() {}', 'path is no literal'],
    ['takes a query as it comes', '/** Shows. */ @Get() @Open() show(@Query() all: unknown) {}', 'parses its query'],
  ])('refuses a route that %s', async (_, body, message) => {
    await expect(read(body)).rejects.toThrow(message);
  });

  it('reads the doors that stand outside controllers', () => {
    const text = "/** Says yes. */\nhttp.get('/yes', async () => 'yes');\nhttp.addHook('onResponse', log);";
    expect(doorsOf({ file: 'doors.ts', text })).toEqual([
      { method: 'GET', path: '/yes', query: [], scopes: [], status: 200, controller: null, does: 'Says yes' },
    ]);
  });
});

describe('the reading of a configuration', () => {
  it.each([
    ['required', z.string(), 'required', 'things'],
    ['optional', z.string().optional(), 'none', 'things'],
    ['a list', z.array(z.string()).default([]), 'empty', 'things'],
    ['a number', z.coerce.number().int().min(2).default(5), '`5`', 'things, at least 2'],
    ['a bounded number', z.coerce.number().int().positive().max(9).default(5), '`5`', 'things, 1 to 9'],
    ['a choice', z.enum(['a', 'b']).default('a'), '`a`', 'things: a, b'],
  ])('says of a key that is %s what may stand there', (_, schema, fallback, unit) => {
    expect(keysOf({ THING: key<unknown>(schema, 'things', 'none') })).toEqual([
      { name: 'THING', unit, fallback, consequence: 'none' },
    ]);
  });

  it('leaves out what another configuration tells', () => {
    const shape = { THING: key<unknown>(z.string(), 'things', 'none') };
    expect(keysOf(shape, { ...shape })).toEqual([]);
    expect(keysOf(shape, { THING: key<unknown>(z.string(), 'things', 'none') })).toHaveLength(1);
  });
});
