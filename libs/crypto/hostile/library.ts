/** Every door of this package but those for Node, a namespace each: what these specs call, mutate and watch. */

export * from '../src/index.js';
export * as age from '../src/age.js';
export * as bytes from '../src/bytes.js';
export * as canonicalJson from '../src/canonical-json.js';
export * as capsule from '../src/capsule.js';
export * as ceremony from '../src/ceremony.js';
export * as cohort from '../src/cohort.js';
export * as curve from '../src/curve.js';
export * as custody from '../src/custody.js';
export * as deed from '../src/deed.js';
export * as dleq from '../src/dleq.js';
export * as ecdsa from '../src/ecdsa.js';
export * as frost from '../src/frost.js';
export * as generation from '../src/generation.js';
export * as group from '../src/group.js';
export * as hash from '../src/hash.js';
export * as hpke from '../src/hpke.js';
export * as keyEncryption from '../src/key-encryption.js';
export * as ownership from '../src/ownership.js';
export * as partial from '../src/partial.js';
export * as publicArithmetic from '../src/public-arithmetic.js';
export * as reshare from '../src/reshare.js';
export * as ring from '../src/ring.js';
export * as stealth from '../src/stealth.js';
export * as tlog from '../src/tlog.js';
export * as walletKeys from '../src/wallet-keys.js';
