import base from '../../jest/lots.config.mjs';

/** The planted specs alone. */
export default { ...base, rootDir: '../../..', testMatch: ['**/checks/planted/*.spec.mjs'] };
