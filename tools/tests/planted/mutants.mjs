/** A list for the test of `npm run test:mutants`. */
export const wanted = 50;
export const leftOut = ['StringLiteral', 'ObjectLiteral'];
export const promiseFiles = { 'tools/checks/planted/toll.mjs': ['tools/checks/planted/toll.spec.mjs'] };
