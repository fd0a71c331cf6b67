import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { attemptId, keyIdOf, parametersHash, type AttemptParameters } from './index.js';

const vectorsFile = fileURLToPath(new URL('../../crypto/vectors/cpds-v1.json', import.meta.url));
const { grant } = JSON.parse(readFileSync(vectorsFile, 'utf8'));

const parameters: AttemptParameters = {
  purpose: 'sign',
  roster: [`0x${'aA'.repeat(20)}`, `0x${'bb'.repeat(20)}`],
  t: 3,
  nMin: 4,
  phaseSeconds: 30,
};
const uid = `0x${'11'.repeat(32)}`;
const registry = `0x${'22'.repeat(20)}`;

describe('names of attempts and keys', () => {
  it('makes the key id of the vectors from its attempt', () => {
    expect(keyIdOf(`0x${grant.attemptId}`)).toBe(`0x${grant.keyId}`);
  });

  it('hashes addresses without their checksum case', () => {
    const lower = { ...parameters, roster: parameters.roster.map((address) => address.toLowerCase()) };
    expect(parametersHash(lower)).toBe(parametersHash(parameters));
  });

  it('changes with every parameter, the order of the roster and the counter', () => {
    const ids = [
      attemptId(uid, registry, 1n, parameters),
      attemptId(uid, registry, 2n, parameters),
      attemptId(uid, registry, 1n, { ...parameters, purpose: 'seal' }),
      attemptId(uid, registry, 1n, { ...parameters, roster: [...parameters.roster].reverse() }),
      attemptId(uid, registry, 1n, { ...parameters, t: 2 }),
      attemptId(uid, registry, 1n, { ...parameters, nMin: 3 }),
      attemptId(uid, registry, 1n, { ...parameters, phaseSeconds: 31 }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
