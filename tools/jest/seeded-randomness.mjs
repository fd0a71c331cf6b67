// The randomness of unit specs. Whatever asks Node for random bytes while a unit spec runs gets those of a stream that follows from CPDS_SEED, the path
// of the spec and the name of the test. So a test draws the same again under the same seed, whatever ran before it and in whichever worker. Integration
// and end-to-end specs keep real randomness: they share servers and need names that are free.
//
// Constants of a spec, drawn while it is loaded, have a stream of their own. So has each hook, which draws the same before every test. So has each
// module that specs share and that draws while it is loaded: it is loaded once for all specs of a worker, and once for all seeds of `npm run test:lots`.
// Those seeds differ after a dot, so such a module's stream follows from what stands before the dot.
//
// Three things are left as they are. OpenSSL draws the nonces of ECDSA signatures by Node and Web Crypto, and curve
// libraries blind their multiplications: no test's result depends on either. And where a test lets two asynchronous
// draws race, which gets which bytes of its stream is open.
import fc from 'fast-check';
import { getState } from 'jest-circus';
import { AsyncLocalStorage } from 'node:async_hooks';
import crypto, { createCipheriv, createECDH, createHash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

/** An endless stream of bytes that `words` determine. */
class Stream {
  #cipher;
  /** Bytes given away so far. */
  drawn = 0;

  constructor(words) {
    const key = createHash('sha256').update(JSON.stringify(words)).digest();
    this.#cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  }

  /** The next `length` bytes. */
  bytes(length) {
    this.drawn += length;
    return this.#cipher.update(Buffer.alloc(length));
  }

  /** A whole number below `bound`, which is at most 2^48; all are equally likely. */
  below(bound) {
    const fair = 2 ** 48 - (2 ** 48 % bound);
    for (;;) {
      const drawn = this.bytes(6).readUIntBE(0, 6);
      if (drawn < fair) return drawn % bound;
    }
  }
}

/** The streams that one loading of one unit spec draws from. */
class Lot {
  #streams = new Map();

  constructor(spec, block) {
    Object.assign(this, { spec, block, seed: process.env.CPDS_SEED });
    if (!this.seed) throw new Error('CPDS_SEED is not set: global-setup.mjs sets it');
  }

  /** A stream for a place in the spec (some words), from its beginning. */
  open(place) {
    const stream = new Stream([this.seed, this.spec, ...place]);
    this.#streams.set(JSON.stringify(place), stream);
    return stream;
  }

  /** Whether any part of the spec has drawn yet. */
  get hasDrawn() {
    return [...this.#streams.values()].some(({ drawn }) => drawn > 0);
  }

  /** Bytes drawn at each place that drew. */
  get drawn() {
    return Object.fromEntries([...this.#streams].map(([place, { drawn }]) => [place, drawn]).filter(([, n]) => n > 0));
  }
}

let lot = null;
/** Streams of files that draw while they are loaded: those of specs anew for each loading. */
const loading = new Map();
const entered = new AsyncLocalStorage();

/** The lot of the spec that is loaded now or was loaded last; null if it is no unit spec. */
export function currentLot() {
  const path = globalThis.expect?.getState().testPath;
  if (path === undefined || /\.(integration|e2e)\.spec\.\w+$/.test(path)) return null;
  const { rootDescribeBlock } = getState(); // new for each loading
  if (lot?.block !== rootDescribeBlock) {
    lot = new Lot(relative(root, path), rootDescribeBlock);
    loading.set(lot.spec, lot.open(['loading']));
  }
  return lot;
}

/** Wraps `run`, a test or hook of the spec that is being loaded, so that everything it starts draws from the stream of `place` (some words). */
export function drawingAt(place, run) {
  const own = currentLot();
  return own === null ? run : () => entered.run(own.open(place), run);
}

/** The stream to draw from now; null for real randomness. */
function currentStream() {
  const stream = entered.getStore();
  if (stream !== undefined) return stream;
  const own = currentLot();
  if (own === null) return null;
  const file = loadingFile();
  if (file === undefined) return null; // the test runner draws, or a package that is being loaded
  if (!loading.has(file)) loading.set(file, new Stream([own.seed.split('.')[0], file]));
  return loading.get(file);
}

/** The stack of calls, innermost first. */
function callers(limit) {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Object.assign(Error, { prepareStackTrace: (_, sites) => sites, stackTraceLimit: limit });
    return new Error().stack;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/** The file of this project that draws while it is loaded; undefined if a package does. */
function loadingFile() {
  const files = callers(Infinity).map((site) => site.getFileName()?.split('?')[0] ?? '');
  const loader = files.findIndex((file) => file.startsWith('node:internal/modules/'));
  const own = files
    .slice(0, loader < 0 ? undefined : loader)
    .filter((file) => file.startsWith('file://'))
    .map((file) => fileURLToPath(file))
    .filter((file) => file.startsWith(root) && !file.startsWith(here) && !file.includes('/node_modules/'));
  return own.length === 0 ? undefined : relative(root, own.at(-1));
}

/**
 * Whether a curve library blinds a multiplication, or begins to: that changes its timing and no result, and what it draws once for a process would
 * move all that the first test draws after it.
 */
function isBlinding() {
  return callers(10).some((site) =>
    /^(mulCTBlinded|probeRandomBytes|generateInt32)$/.test(site.getFunctionName() ?? ''),
  );
}

/** Replaces the value of `owner[name]` by `make(stream, result, ...arguments)`; the original still checks its arguments and makes `result`. */
function replace(owner, name, make) {
  const original = owner[name];
  owner[name] = function (...args) {
    const stream = currentStream();
    if (stream === null) return original.apply(owner, args);
    if (typeof args.at(-1) === 'function') refuse(`${name} with a callback`);
    return make(stream, original.apply(owner, args), ...args);
  };
}

/** Makes `owner[name]` throw in unit specs: bytes that OpenSSL draws by itself cannot be repeated. */
function forbid(owner, name) {
  const original = owner[name];
  owner[name] = function (...args) {
    if (currentStream() !== null) refuse(name);
    return original.apply(this, args);
  };
}

function refuse(what) {
  throw new Error(`${what} is not seeded: tools/jest/seeded-randomness.mjs`);
}

/** Sizes that blinding draws; for other sizes the stack is not searched for it. */
const blindingSizes = [4, 16];

function overwriteUnlessBlinding(stream, view) {
  return blindingSizes.includes(view.byteLength) && isBlinding() ? view : overwrite(stream, view);
}

function overwrite(stream, view, offset = 0, size = view.byteLength - offset) {
  const bytes = ArrayBuffer.isView(view)
    ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    : new Uint8Array(view);
  bytes.set(stream.bytes(size), offset);
  return view;
}

function uuid(stream) {
  const bytes = stream.bytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Curves of Web Crypto: OpenSSL's name, bytes of a scalar. */
const curves = { 'P-256': ['prime256v1', 32], 'P-384': ['secp384r1', 48] };

/** Web Crypto's key pair of an elliptic curve, with a private key from `stream`. */
async function ellipticKeyPair(stream, algorithm, extractable, usages) {
  const [curve, size] = curves[algorithm.namedCurve];
  const pair = createECDH(curve);
  // the highest bit stays away, so it is below the order of the group; all zeros does not happen
  const d = stream.bytes(size);
  d[0] &= 0x7f;
  pair.setPrivateKey(d);
  const point = pair.getPublicKey();
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map((part) => part.toString('base64url'));
  const open = { kty: 'EC', crv: algorithm.namedCurve, x, y };
  const ofPublic = usages.filter((usage) => usage === 'verify');
  const ofPrivate = usages.filter((usage) => usage !== 'verify');
  const { subtle } = globalThis.crypto;
  return {
    publicKey: await subtle.importKey('jwk', open, algorithm, true, ofPublic),
    privateKey: await subtle.importKey(
      'jwk',
      { ...open, d: d.toString('base64url') },
      algorithm,
      extractable,
      ofPrivate,
    ),
  };
}

// node:crypto passes getRandomValues on from Web Crypto
replace(globalThis.crypto, 'getRandomValues', overwriteUnlessBlinding);
replace(globalThis.crypto, 'randomUUID', uuid);
replace(crypto, 'randomUUID', uuid);
replace(crypto, 'randomBytes', overwriteUnlessBlinding);
replace(crypto, 'randomFillSync', (stream, result, _view, offset, size) => overwrite(stream, result, offset, size));
replace(crypto, 'randomInt', (stream, _result, ...bounds) => {
  const [min, max] = bounds.length === 1 ? [0, bounds[0]] : bounds;
  return min + stream.below(max - min);
});
replace(Math, 'random', (stream) => Number(stream.bytes(8).readBigUInt64BE() >> 11n) / 2 ** 53);
for (const name of ['randomFill', 'generateKeyPair', 'generateKeyPairSync', 'generateKey', 'generateKeySync'])
  forbid(crypto, name);
for (const name of ['generatePrime', 'generatePrimeSync', 'createDiffieHellman']) forbid(crypto, name);
forbid(crypto.ECDH.prototype, 'generateKeys');

const { subtle } = globalThis.crypto;
const generateKey = subtle.generateKey.bind(subtle);
subtle.generateKey = async (algorithm, extractable, usages) => {
  const stream = currentStream();
  if (stream === null) return generateKey(algorithm, extractable, usages);
  if (!(algorithm?.namedCurve in curves)) refuse(`generateKey of ${algorithm?.name ?? algorithm}`);
  return ellipticKeyPair(stream, algorithm, extractable, usages);
};
syncBuiltinESMExports();

// fast-check reads its parameters anew for each property, so each draws a seed, which it prints when the property fails.
fc.configureGlobal(
  Object.defineProperty({}, 'seed', {
    enumerable: true,
    get: () => currentStream()?.bytes(4).readInt32BE(),
  }),
);
