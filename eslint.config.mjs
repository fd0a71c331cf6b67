import { readFileSync } from 'node:fs';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The imports between packages: a package may import those of the rows above its own, and nothing else
 * (docs/ARCHITECTURE.md, rule 5). One table; the rules below, and the check of every package.json, come from it.
 */
export const layers = [
  ['errors', 'crypto'],
  ['messages', 'contracts'],
  ['store', 'bus'],
  ['outbox'],
  ['chain'],
  ['client', 'content', 'audit-verifier', 'service'],
  ['wallet'],
  ['local'],
  ['identity', 'records', 'bridge', 'audit', 'cli'],
];

/** Packages that are only for the cli and for tests. */
const launchers = ['local'];

/** Above all rows: tests through the doors of several services. They may start the consortium as the cli does, and import no service. */
const tests = 'e2e';

/** The in-house packages that `name` may import in its sources. */
export function mayImport(name) {
  if (name === tests) return [...layers.slice(0, -1).flat(), 'cli'];
  const row = layers.findIndex((packages) => packages.includes(name));
  const below = layers.slice(0, row).flat();
  return name === 'cli' ? below : below.filter((other) => !launchers.includes(other));
}

/**
 * The further doors that exist, as package.json of each package names them: one per noun of the mathematics, what needs Node apart from what runs in a
 * browser, reading a chain apart from what needs a database, how a bus server is set up apart from Nest.
 */
const doors = ['crypto', 'chain', 'wallet', 'bus'].flatMap((name) => {
  const { exports } = JSON.parse(readFileSync(new URL(`libs/${name}/package.json`, import.meta.url), 'utf8'));
  return Object.keys(exports).flatMap((door) => (door === '.' ? [] : [`${name}${door.slice(1)}`]));
});

/** Packages that pages run too: a browser's own fetch throws when it is called as a method of an object that keeps it. */
const inPages = ['chain', 'client', 'audit-verifier', 'wallet'];
const fetchAsMethod = {
  selector: 'CallExpression > MemberExpression.callee[property.name=/^fetch(er)?$/]',
  message: 'A browser refuses fetch as a method: take it out of its object, then call it.',
};

/**
 * Services with an outbox: there a use-case returns what is told of its change (libs/outbox/src/changes.ts). Audit has none: its own events are entries that
 * it writes into its log itself. Hooks of the sender and the follower get a transaction from their library, so they may write into that one.
 */
const tellers = ['identity', 'records', 'bridge'];
const callOf = (object, method) =>
  `CallExpression[callee.property.name='${method}']:matches([callee.object.name='${object}'], [callee.object.property.name='${object}'])`;
const tellsOfChanges = [
  {
    selector: callOf('unitOfWork', 'run'),
    message: 'Commit through Changes: its work returns what is told of the change, or why nothing is.',
  },
  {
    selector: callOf('outbox', 'append'),
    message: 'Return the event from the work of Changes.commit; Changes.tell is for what changes no row.',
  },
  {
    selector: `${callOf('changes', 'within')}:not(Property[key.name=/^on(Signed|Final|DeepReorg)$/] CallExpression)`,
    message: 'Changes.within is for the hooks of libraries: commit through Changes.commit.',
  },
];

/** Where a package lives. */
export function folderOf(name) {
  if (name === 'local') return 'infra/local';
  if (name === tests) return 'e2e';
  return layers.at(-1).includes(name) ? `apps/${name}` : `libs/${name}`;
}

const all = layers.flat();

/** The rules of one package's files: what they may import, `extra` packages besides, and the `syntax` that is kept from them. */
function boundary(name, files, { extra = [], syntax = [] } = {}) {
  const allowed = [...mayImport(name), ...extra];
  const forbidden = all.filter((other) => other !== name && !allowed.includes(other));
  const patterns = [
    {
      regex: `^@cpds/(?!(${doors.join('|')})$)[^/]+/`,
      message: 'Import a package by its name, its one door, or by a further door that its package.json names.',
    },
    {
      regex: '(^|/)\\.\\./(apps|libs|infra|e2e)/',
      message: 'Import other packages by name.',
    },
    {
      regex: `^@cpds/(${[name, ...forbidden].join('|')})(/|$)`,
      message: `${name} may import: ${allowed.join(', ') || 'no package of this project'} (layers in eslint.config.mjs).`,
    },
  ];
  if (name === 'wallet') {
    patterns.push({ regex: '^@cpds/chain$', message: 'The wallet runs without a database: import @cpds/chain/read.' });
  }
  return {
    files,
    rules: {
      'no-restricted-imports': ['error', { patterns }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportExpression > Literal[value=/^@cpds/]',
          message: 'Import packages statically, where the layers are checked.',
        },
        ...(inPages.includes(name) ? [fetchAsMethod] : []),
        ...syntax,
      ],
    },
  };
}

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      '**/generated/',
      '.cpds/',
      'docs/api/',
      '.nx/',
      'coverage/',
      'libs/contracts/{cache,out}/',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'URL',
          'fetch',
          'Buffer',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'AbortSignal',
        ].map((name) => [name, 'readonly']),
      ),
    },
    rules: {
      'no-empty': ['error', { allowEmptyCatch: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { files: ['**/*.ts'], rules: { 'no-undef': 'off' } },
  // Constants are written like all other names; the mathematics keeps the capitals of its sources.
  {
    files: ['**/*.ts'],
    ignores: ['libs/crypto/**'],
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'variable', modifiers: ['const', 'global'], format: ['camelCase', 'PascalCase'] },
      ],
    },
  },
  ...all.map((name) =>
    boundary(name, [`${folderOf(name)}/src/**/*.ts`, `${folderOf(name)}/migrations/**/*.ts`], {
      syntax: tellers.includes(name) ? tellsOfChanges : [],
    }),
  ),
  // Tests and what they share may start servers, whatever their package.
  ...all.map((name) =>
    boundary(name, [`${folderOf(name)}/**/*.spec.ts`, `${folderOf(name)}/{test,src/testing}/**/*.ts`], {
      extra: launchers,
    }),
  ),
  boundary(tests, [`${folderOf(tests)}/**/*.ts`]),
);
