/** Has the second implementation (Python 3, standard library: vectors/make) verify the vector files and make the edge cases again. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vectors = fileURLToPath(new URL('../vectors/', import.meta.url));
// -B: no byte code beside the sources
const python = (...args: string[]) => spawnSync('python3', ['-B', ...args], { cwd: vectors, encoding: 'utf8' });
const hasPython = python('--version').status === 0;
if (!hasPython) console.log('no python3: the second implementation of section 12 is skipped');

describe('the second implementation of section 12', () => {
  it('is not skipped on CI', () => expect(hasPython || process.env.CI !== 'true').toBe(true));

  it.each([
    ['make/verify.py cpds-v1.json', 'cpds-v1.json: 122 values made or verified\n'],
    ['make/verify.py cpds-v1-ours.json', 'cpds-v1-ours.json: 118 values made or verified\n'],
    ['make/edge.py --check', 'cpds-edge-v1.json is as made, 286 cases'],
  ])('%s', (command, says) => {
    if (!hasPython) return;
    const { status, stdout, stderr } = python(...command.split(' '));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.slice(0, says.length)).toBe(says);
  });

  it('refuses a file with one digit changed', () => {
    if (!hasPython) return;
    const program = [
      'import sys; sys.path.insert(0, "make"); sys.argv = ["verify"]',
      'import json, verify',
      'v = json.load(open("cpds-v1-ours.json"))',
      'c = v["grant"]["openProof"]; c["c"] = c["c"][:-1] + ("0" if c["c"][-1] != "0" else "1")',
      'verify.verify(v)',
    ];
    const { status, stderr } = python('-c', program.join('\n'));
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'proof of q: refused\n' });
  });
});
