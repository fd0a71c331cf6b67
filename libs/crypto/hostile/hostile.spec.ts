/**
 * Every export, called with one wrong leaf at a time (`mutants.ts`). The rule of this library: bytes, scalars, points,
 * numbers, texts and lists are checked at run time, so each answer is a CryptoError with code and field, or the
 * negative result that the function documents; a list is refused by its length before anybody walks it; arguments are
 * left as they were.
 */

import { isModuleNamespaceObject } from 'node:util/types';
import * as library from './library.js';
import * as node from '../src/node.js';
import { nobleArithmetic, usePublicArithmetic } from '../src/public-arithmetic.js';
import { accountCalls, capsuleCalls, curveCalls, encodingCalls, proofCalls } from './calls-arithmetic.js';
import { ageCalls, custodyCalls, logCalls, nodeCalls } from './calls-records.js';
import { ceremonyCalls, complaintCalls, generationCalls, reshareCalls, signingCalls } from './calls-threshold.js';
import { copied, mutantsOf, type Call, type Mutant } from './mutants.js';

const calls: Record<string, Call> = {
  ...encodingCalls,
  ...curveCalls,
  ...accountCalls,
  ...proofCalls,
  ...capsuleCalls,
  ...generationCalls,
  ...signingCalls,
  ...ceremonyCalls,
  ...reshareCalls,
  ...complaintCalls,
  ...ageCalls,
  ...custodyCalls,
  ...logCalls,
  ...nodeCalls,
};

/** Exports that take no argument from a stranger, by door and name, each with its reason. */
const exempt: Record<string, string> = {
  CryptoError: 'the error itself',
  'curve.Point': 'the class of the curve library',
  'group.memberName': 'text of an error',
  'ring.gBar': 'takes nothing',
  'publicArithmetic.usePublicArithmetic': 'takes an implementation, at start',
  'publicArithmetic.nobleArithmetic': 'an implementation; multiplyPublic and combinePublic check for it',
  'age.portableAead': 'an implementation; openChunk makes a CryptoError of what it throws',
  'age.portableEngine': 'an implementation, of portableAead and portableScrypt',
  'node.nodeAead': 'an implementation; openChunk makes a CryptoError of what it throws',
};

/** Every export of every door, `<door>.<name>`. */
const exported = Object.fromEntries(
  Object.entries({ ...library, node }).flatMap(([door, names]: [string, unknown]) =>
    isDoor(names) ? Object.entries(names).map(([name, value]) => [`${door}.${name}`, value]) : [[door, names]],
  ),
) as Record<string, unknown>;
const isValue = (value: unknown) => typeof value !== 'function' && !(typeof value === 'object' && value !== null);

describe('the register of calls', () => {
  it('has every export of every door once, and nothing else', () => {
    const constants = Object.keys(exported).filter((name) => isValue(exported[name]));
    const points = ['curve.G', 'tlog.EMPTY_FRONTIER'];
    const known = [...Object.keys(calls), ...Object.keys(exempt), ...constants, ...points];
    expect({
      missing: Object.keys(exported).filter((name) => !known.includes(name)),
      gone: known.filter((name) => !(name in exported)),
      twice: known.filter((name, i) => known.indexOf(name) !== i),
    }).toEqual({ missing: [], gone: [], twice: [] });
  });
});

describe('an export with one wrong leaf', () => {
  it.each(Object.entries(calls))('%s', async (name, call) => {
    const fair = await outcomeOf(name, call, call.args);
    expect(fair.refusal ?? 'taken').toBe('taken');
    const findings: string[] = [];
    for (const mutant of mutantsOf(call)) findings.push(...(await judged(name, call, mutant)));
    expect(findings).toEqual([]);
  });
});

describe('the other arithmetic of public scalars', () => {
  afterEach(() => usePublicArithmetic(nobleArithmetic));

  it.each(['publicArithmetic.multiplyPublic', 'publicArithmetic.combinePublic', 'dleq.verifyDleq', 'ring.verifyRing'])(
    'leaves %s as strict',
    async (name) => {
      const { libsecp256k1 } = await import('../src/libsecp256k1.js');
      usePublicArithmetic(libsecp256k1);
      const findings: string[] = [];
      for (const mutant of mutantsOf(calls[name]!)) findings.push(...(await judged(name, calls[name]!, mutant)));
      expect(findings).toEqual([]);
    },
  );
});

/** A door is the namespace of a module. */
function isDoor(value: unknown): value is Record<string, unknown> {
  return isModuleNamespaceObject(value);
}

/** The fault that one mutant showed, in words. */
async function judged(name: string, call: Call, { path, change, args, mustRefuse, reads }: Mutant): Promise<string[]> {
  const before = copied(args);
  const { refusal, stranger } = await outcomeOf(name, call, args);
  const at = `${path} as ${change}`;
  const findings: string[] = [];
  if (stranger !== undefined) findings.push(`${at}: threw ${stranger}`);
  else if (refusal === undefined && mustRefuse) findings.push(`${at}: was taken`);
  if (mustRefuse && reads() > 8) findings.push(`${at}: was walked, ${reads()} reads`);
  if (reads() > 400_000) findings.push(`${at}: was walked more than four times`);
  if (!isSame(before, args)) findings.push(`${at}: changed its arguments`);
  return findings;
}

/** How a call ended: taken, refused as documented, or with an error that is not this library's. */
async function outcomeOf(name: string, call: Call, args: readonly unknown[]) {
  const run = (call.run ?? exported[name]) as (...all: unknown[]) => unknown;
  try {
    const result: unknown = await run(...args);
    return { refusal: call.no?.(result) ? 'its documented no' : undefined };
  } catch (error) {
    if (error instanceof library.CryptoError && error.code !== '' && error.field !== '')
      return { refusal: error.message };
    return { refusal: String(error), stranger: String(error) };
  }
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [mine, theirs] = [entriesOf(a), entriesOf(b)];
  return (
    mine.length === theirs.length &&
    mine.every(([key, value], i) => key === theirs[i]![0] && isSame(value, theirs[i]![1]))
  );
}

function entriesOf(value: object): [unknown, unknown][] {
  return value instanceof Map ? [...value] : Object.entries(value);
}
