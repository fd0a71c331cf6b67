/** The share of all planted faults that tests must notice, in percent. */
export const wanted = 90;

/** What Stryker does not change: texts for people, and options given to libraries by name, which types hold. */
export const leftOut = ['StringLiteral', 'ObjectLiteral'];

const spec = (path) => [`${path}.spec.ts`];

/** The files that carry promises, smallest first, and the specs that stand for each. */
export const promiseFiles = {
  'apps/bridge/src/revocations/statement.ts': spec('apps/bridge/src/revocations/statement'),
};
