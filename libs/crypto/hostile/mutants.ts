/**
 * Wrong values that a stranger may pass: each leaf of a valid call is replaced in turn. A leaf is a byte string, a
 * scalar, a point, a number, a text or a list; objects and maps are walked through.
 */

import { p256 } from '@noble/curves/nist.js';
import { ascii, u256 } from '../src/bytes.js';
import { compressed, G, N, Point } from '../src/curve.js';
import { hkdfSha256 } from '../src/hash.js';

/** One valid call of one export, and the changes to it that need not be refused. */
export interface Call {
  args: readonly unknown[];
  /** Leaves that take every value of their type, with the reason. */
  free?: Readonly<Record<string, string>>;
  /** Leaves that may be left out. */
  optional?: readonly string[];
  /** Leaves that are no input: names that errors carry, state that only this library makes. */
  skip?: Readonly<Record<string, string>>;
  /** Scalars as 32 bytes: 0, n, n+1 and 2^256-1 are tried in them. */
  scalars?: readonly string[];
  /** Numbers that count members from 1: 0 and 65536 are tried in them. */
  indices?: readonly string[];
  /** Negative results, if the function does not throw. */
  no?: (result: unknown) => boolean;
  /** How to call it, if it is no plain function. */
  run?: (...args: never[]) => unknown;
}

/** One changed leaf. */
export interface Mutant {
  path: string;
  change: string;
  args: unknown[];
  /** Whether the function must refuse it; a free leaf may also be accepted. */
  mustRefuse: boolean;
  /** How often the items of a huge list were read. */
  reads: () => number;
}

let drawn = 0;

/** Starts the randomness anew, so that a file draws the same values whatever ran before in this thread. */
export function restart(): void {
  drawn = 0;
}

/** Marks the randomness of a call: replaced by sources that give too little, or no bytes. */
export const random = (length: number): Uint8Array => hkdfSha256(u256(drawn++), ascii('hostile'), length);

const HUGE = 100_000;
/** More bytes than any value but a payload has; hashing them takes a millisecond. */
const MANY_BYTES = new Uint8Array(1 << 17).fill(1);
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

/** Only `null` gets past default values; the others are tried when `CPDS_FUZZ_RUNS` asks for depth. */
const wrongTypes: Record<string, unknown> = {
  null: null,
  ...(process.env.CPDS_FUZZ_RUNS === undefined ? {} : { undefined, 'an object': {}, 'a function': () => 1 }),
};
const typesFor = {
  bytes: {
    ...wrongTypes,
    text: 'text',
    number: 5,
    'a list of numbers': [1, 2],
    'words of 16 bits': new Uint16Array(32),
  },
  scalar: { ...wrongTypes, text: '5', number: 5, bytes: hex('05') },
  number: { ...wrongTypes, text: '1', bytes: hex('01') },
  text: { ...wrongTypes, number: 5, bytes: hex('61') },
  point: { ...wrongTypes, bytes: compressed(G), 'a point of P-256': p256.Point.BASE, text: 'G' },
  list: { ...wrongTypes, text: 'text', number: 5 },
};

/** 33 bytes that are no canonical compressed point: identity, other forms of SEC1, x off the curve, x ≥ p. */
const points: Record<string, Uint8Array> = {
  'zero bytes': new Uint8Array(33),
  'x = 0': hex(`02${'00'.repeat(32)}`),
  'x off the curve': hex(`02${'00'.repeat(31)}05`),
  'x = p': hex(`02${'ff'.repeat(27)}fefffffc2f`),
  'x = 2^256 - 1': hex(`03${'ff'.repeat(32)}`),
  ...Object.fromEntries(
    [0, 1, 4, 5, 6, 7].map((head) => [`first byte ${head}`, Uint8Array.of(head, ...compressed(G).slice(1))]),
  ),
};

const scalars: Record<string, bigint> = { '0': 0n, n: N, 'n + 1': N + 1n, '2^256 - 1': (1n << 256n) - 1n, '-1': -1n };

/** Every mutant of a call. */
export function* mutantsOf(call: Call): Generator<Mutant> {
  for (const { path, value } of leavesOf(call.args, '', call)) {
    const free = call.free?.[path] !== undefined;
    for (const [change, wrong] of Object.entries(wrongOf(value)))
      if (wrong !== undefined || !call.optional?.includes(path)) yield mutant(call, path, change, wrong, true);
    for (const [change, other] of Object.entries(valuesOf(value, path, call)))
      yield mutant(call, path, change, other, !free);
    if (Array.isArray(value) && value.length > 0) {
      const huge = counted(value[0]);
      yield { ...mutant(call, path, `${HUGE} items`, huge.list, !free), reads: huge.reads };
    }
  }
}

function mutant(call: Call, path: string, change: string, value: unknown, mustRefuse: boolean): Mutant {
  return { path, change, args: replaced(call.args, path.split('.'), value) as unknown[], mustRefuse, reads: () => 0 };
}

function wrongOf(value: unknown): Record<string, unknown> {
  if (value === random)
    return {
      'no bytes': () => new Uint8Array(0),
      'one byte too few': (n: number) => random(n - 1),
      text: () => 'text',
    };
  return typesFor[kindOf(value)];
}

function kindOf(value: unknown): keyof typeof typesFor {
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Point) return 'point';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'bigint') return 'scalar';
  return typeof value === 'number' ? 'number' : 'text';
}

function valuesOf(value: unknown, path: string, call: Call): Record<string, unknown> {
  if (value instanceof Uint8Array) {
    const lengths = {
      'no bytes': new Uint8Array(0),
      'a byte less': value.slice(0, -1),
      'a byte more': Uint8Array.of(...value, 0),
      'many bytes': MANY_BYTES,
    };
    const words = Object.entries(scalars).filter(([, scalar]) => scalar >= 0n);
    return {
      ...lengths,
      ...(value.length === 33 ? points : {}),
      ...(call.scalars?.includes(path)
        ? Object.fromEntries(words.map(([name, scalar]) => [name, hex(scalar.toString(16).padStart(64, '0'))]))
        : {}),
    };
  }
  if (value instanceof Point) return { 'the identity': Point.ZERO, 'off the curve': new Point(1n, 1n, 1n) };
  if (Array.isArray(value))
    return { 'no items': [], ...(value.length > 1 ? { 'one item twice': [...value.slice(0, -1), value[0]] } : {}) };
  if (typeof value === 'bigint') return scalars;
  if (typeof value === 'number') {
    const never = { '-1': -1, '1.5': 1.5, NaN: Number.NaN, infinite: Infinity, 'beyond safe integers': 2 ** 53 };
    return { ...never, ...(call.indices?.includes(path) ? { '0': 0, '65536': 65536 } : {}) };
  }
  if (typeof value === 'string')
    return { 'no text': '', 'a mebibyte': 'x'.repeat(1 << 20), 'a lone surrogate': `${value}\ud800`, 'a NUL': '\0' };
  return {};
}

function* leavesOf(value: unknown, path: string, call: Call): Generator<{ path: string; value: unknown }> {
  if (call.skip?.[path] !== undefined || typeof value === 'boolean' || value === undefined || value === null) return;
  const isLeaf = path !== '' && (value === random || !isContainer(value) || Array.isArray(value));
  if (isLeaf && (typeof value !== 'function' || value === random)) yield { path, value };
  if (!isContainer(value)) return;
  // One item stands for all of a list or a map.
  const members =
    value instanceof Map
      ? [...value].slice(0, 1)
      : Object.entries(value).slice(0, Array.isArray(value) && path !== '' ? 1 : undefined);
  for (const [key, member] of members) yield* leavesOf(member, path === '' ? key : `${path}.${key}`, call);
}

function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Point)
    return false;
  return value instanceof Map || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

function replaced(value: unknown, path: readonly string[], leaf: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return leaf;
  if (value instanceof Map)
    return new Map([...value].map(([k, v]) => [k, String(k) === key ? replaced(v, rest, leaf) : copied(v)]));
  const copy = copied(value) as Record<string, unknown>;
  copy[key] = replaced((value as Record<string, unknown>)[key], rest, leaf);
  return copy;
}

/** A deep copy of containers and byte strings; what has a class of its own is the same. */
export function copied(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.length === MANY_BYTES.length ? value : value.slice();
  if (!isContainer(value)) return value;
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [k, copied(v)]));
  if (Array.isArray(value)) return value.length === HUGE ? value : value.map(copied);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copied(v)]));
}

function counted(item: unknown): { list: unknown[]; reads: () => number } {
  let reads = 0;
  const list = new Proxy(new Array<unknown>(HUGE).fill(item), {
    get(target, key, receiver) {
      if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
  return { list, reads: () => reads };
}
