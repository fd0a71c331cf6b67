import base from '../../jest/lots.config.mjs';

/** The planted specs alone. */
export default { ...base, rootDir: '../../..', testMatch: ['**/tests/planted/*.spec.mjs'] };
