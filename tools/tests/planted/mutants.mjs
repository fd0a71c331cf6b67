/** A list for the test of `npm run test:mutants`. */
export const wanted = 50;
export const leftOut = ['StringLiteral', 'ObjectLiteral'];
export const promiseFiles = { 'tools/tests/planted/toll.mjs': ['tools/tests/planted/toll.spec.mjs'] };
