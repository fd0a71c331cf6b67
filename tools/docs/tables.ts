import { basename, join } from 'node:path';
import { commonConfig, type ConfigShape } from '@cpds/service';
import { format, resolveConfig } from 'prettier';
import { auditConfig } from '../../apps/audit/src/config.js';
import { bridgeConfig } from '../../apps/bridge/src/config.js';
import { identityConfig } from '../../apps/identity/src/config.js';
import { recordsConfig } from '../../apps/records/src/config.js';
import { type EnvironmentKey, keysOf } from './environment.js';
import { doorsOf, mountedBy, type Route, routesOf } from './routes.js';
import { retentionLines } from './retention.js';
import { root, sources } from './sources.js';

/** A README with parts that `npm run docs:tables` writes. */
export interface GeneratedPage {
  /** path from the root */
  page: string;
  routes: readonly Route[];
  environment: readonly EnvironmentKey[];
  /** which roles open a route, for a program that has several */
  rolesOf?: (route: Route) => string;
}

/** The configuration of each service. */
export const configs: Readonly<Record<string, ConfigShape>> = {
  audit: auditConfig,
  bridge: bridgeConfig,
  identity: identityConfig,
  records: recordsConfig,
};

/** Widest row of a table, in characters; a wider table becomes a list. */
const maxRow = 200;

/** All that the sources hold for the pages with generated parts. */
export async function generatedPages(): Promise<GeneratedPage[]> {
  const services = Object.entries(configs).map(async ([name, config]) => ({
    page: `apps/${name}/README.md`,
    routes: (await Promise.all(sources(`apps/${name}/src/**/*.ts`).map(routesOf))).flat(),
    environment: keysOf(config, commonConfig),
    ...(name === 'bridge' ? { rolesOf: rolesOfBridge() } : {}),
  }));
  return [
    ...(await Promise.all(services)),
    {
      page: 'libs/service/README.md',
      routes: [
        ...sources('libs/service/src/**/*.ts').flatMap(doorsOf),
        ...(await Promise.all(sources('libs/service/src/*.http.controller.ts').map(routesOf))).flat(),
      ],
      environment: keysOf(commonConfig),
    },
  ];
}

/** Returns a page's text with its generated parts made anew. */
export async function madeAnew(text: string, { routes, environment, rolesOf }: GeneratedPage): Promise<string> {
  const ways = await tableOrList(
    ['route', 'token', ...(rolesOf ? ['role'] : []), 'success', 'does'],
    routes.map((route) => {
      const [path, token, role] = [pathOf(route), tokenOf(route), rolesOf?.(route)];
      return {
        cells: [path, token, ...(role === undefined ? [] : [role]), String(route.status), route.does],
        entry: `${path} (token: ${token}${role === undefined ? '' : `; role: ${role}`}; ${route.status})`,
        says: route.does,
      };
    }),
  );
  const keys = await tableOrList(
    ['key', 'unit', 'default', 'consequence'],
    environment.map(({ name, unit, fallback, consequence }) => ({
      cells: [`\`${name}\``, unit, fallback, consequence],
      entry: `\`${name}\` (${unit}; ${fallback === 'required' ? fallback : `default: ${fallback}`})`,
      says: consequence,
    })),
  );
  return between(between(text, 'routes', ways), 'environment', keys);
}

/** The page of retention with its table made anew. */
export async function retentionMadeAnew(text: string): Promise<string> {
  const rows = retentionLines().map(({ table, services, kept }) => ({
    cells: [`\`${table}\``, services.join(', '), kept],
    entry: `\`${table}\` (${services.join(', ')})`,
    says: kept,
  }));
  return between(text, 'retention', await tableOrList(['table', 'services', 'kept'], rows));
}

/** Puts `content` between `<!-- generated: name -->` and `<!-- end -->`. */
function between(text: string, name: string, content: string): string {
  const part = new RegExp(`(<!-- generated: ${name} -->\n).*?(<!-- end -->)`, 's');
  if (!part.test(text)) throw new Error(`there is no place for what is generated: ${name}`);
  return text.replace(part, (_, begin: string, end: string) => `${begin}\n${content}\n${end}`);
}

interface Row {
  cells: readonly string[];
  /** the row's head and its sentence, for a list */
  entry: string;
  says: string;
}

async function tableOrList(header: readonly string[], rows: readonly Row[]): Promise<string> {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const table = await pretty([line(header), line(header.map(() => '---')), ...rows.map(({ cells }) => line(cells))]);
  if (Math.max(...table.split('\n').map(({ length }) => length)) <= maxRow) return table;
  return pretty(rows.map(({ entry, says }) => `- ${entry}\n  ${says}`));
}

async function pretty(lines: readonly string[]): Promise<string> {
  const options = await resolveConfig(join(root, 'README.md'));
  return format(lines.join('\n'), { ...options, parser: 'markdown' });
}

function pathOf({ method, path, query }: Route): string {
  return `\`${method} ${path}${query.length > 0 ? `?${query.map((name) => `${name}=`).join('&')}` : ''}\``;
}

function tokenOf({ scopes }: Route): string {
  return scopes.length === 0 ? 'none' : scopes.map((scope) => `\`${scope}\``).join(', ');
}

/** A controller whose module is imported by the module of a role belongs to that role, one in any other module to every role. */
function rolesOfBridge(): (route: Route) => string {
  const folder = 'apps/bridge/src/roles';
  const roles = new Map(
    sources(`${folder}/*.module.ts`).flatMap((role) =>
      [...role.text.matchAll(/from '(\.\.\/.*\.module)\.js'/g)]
        .flatMap(([, noun]) => sources(join(folder, `${noun}.ts`)))
        .flatMap(mountedBy)
        .map((controller) => [controller, basename(role.file, '.module.ts')] as const),
    ),
  );
  return ({ controller }) => roles.get(controller ?? '') ?? 'all';
}
