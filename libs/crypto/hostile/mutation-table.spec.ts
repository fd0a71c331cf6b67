/**
 * The mutation table: why each public input of each challenge is there. The library without that input, in running
 * code, accepts the forgery or replay that the row names; the real library refuses it.
 */

import { isModuleNamespaceObject } from 'node:util/types';
import * as real from './library.js';
import { capsuleRows, partialRows } from './left-out/capsule.js';
import { dleqRows } from './left-out/dleq.js';
import { noticed } from './left-out/noticed.js';
import { possessionRows, recordRows } from './left-out/records.js';
import { lsagRows, tagRows } from './left-out/ring.js';
import { mutated } from './mutated-module.js';

const rows = [...dleqRows, ...lsagRows, ...tagRows, ...capsuleRows, ...partialRows, ...possessionRows, ...recordRows];
const table: string[] = [];
type Exports = Record<string, unknown>;

describe('a public input left out', () => {
  afterAll(() => console.log(`input left out -> what then works\n${table.join('\n')}`));

  it.each(rows)('$challenge without $input: $caughtBy', async (row) => {
    expect(row.succeeds(real)).toBe(false);
    const mutant = await mutated<Exports>(row.file, row.from, row.to);
    expect(row.succeeds(await withFile(row.file, mutant))).toBe(true);
    table.push(`${row.challenge}: ${row.input} -> ${row.caughtBy}`);
  });

  it.each(noticed)('$challenge without $input: no forgery is known, the vectors fail', async (row) => {
    expect(row.holds(real)).toBe(true);
    const mutant = await mutated<Exports>(row.file, row.from, row.to);
    expect(row.holds(await withFile(row.file, mutant))).toBe(false);
    table.push(`${row.challenge}: ${row.input} -> none known (${row.why}); the vectors fail`);
  });
});

/** The library in which every door exports the mutant of `file` in place of the original. */
async function withFile(file: string, mutant: Exports): Promise<typeof real> {
  const original = (await import(`../src/${file.replace(/ts$/, 'js')}`)) as Exports;
  const doors = Object.entries(real).map(([door, names]) => [
    door,
    isModuleNamespaceObject(names) ? changed(names) : names,
  ]);
  return Object.fromEntries(doors) as typeof real;

  function changed(names: object): Exports {
    const mine = Object.entries(names) as [string, unknown][];
    return Object.fromEntries(mine.map(([name, value]) => [name, original[name] === value ? mutant[name] : value]));
  }
}
