/**
 * Wycheproof's ECDSA over secp256k1, by way of `signerOf`. That takes r ‖ s ‖ v over a digest and names the signer's address,
 * so a signature of the file counts as taken when one of the two v names its key.
 *
 * Two differences are meant: s in the upper half is refused (EIP-2), and so is an R whose x is n or more (its v would be 29
 * or 30, which ecrecover does not know).
 */

import { createHash } from 'node:crypto';
import { concat, equalBytes, toBigInt, u256 } from './bytes.js';
import { addressOf, G, N, Point } from './curve.js';
import { signerOf } from './ecdsa.js';
import { sha256 } from './hash.js';
import { hex, isDeep, nameOf, readWycheproof } from './testing/vectors.js';

type Fields = 'msg' | 'sig' | 'publicKey';
type Case = ReturnType<typeof readWycheproof<Fields>>[number];

const sha3 = (message: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha3-256').update(message).digest());

/** Whether `signerOf` names the case's key for r ‖ s. */
function isTaken(one: Case, digest: Uint8Array, rs: Uint8Array): boolean {
  const key = addressOf(Point.fromBytes(hex(one.publicKey)));
  return [27, 28].some((v) => {
    const signer = signerOf(digest, concat(rs, Uint8Array.of(v)));
    return signer !== undefined && equalBytes(signer, key);
  });
}

/** r ‖ s of a plain DER sequence; undefined where one of them is negative or longer than 32 bytes: it has no such form. */
function fromDer(sig: Uint8Array): Uint8Array | undefined {
  const rEnd = 4 + sig[3]!;
  const words = [sig.subarray(4, rEnd), sig.subarray(rEnd + 2)].map((bytes) =>
    bytes.length === 0 || bytes[0]! >= 0x80 ? undefined : toBigInt(bytes),
  );
  if (words.some((word) => word === undefined || word >> 256n !== 0n)) return undefined;
  return concat(...words.map((word) => u256(word!)));
}

const isHigh = (rs: Uint8Array): boolean => toBigInt(rs.subarray(32)) > N / 2n;

/** Whether the R that made r has an x of n or more, so that r is x − n: R = (z·G + r·P)/s. */
function hasHighX(one: Case, digest: Uint8Array, rs: Uint8Array): boolean {
  const [r, s] = [toBigInt(rs.subarray(0, 32)), toBigInt(rs.subarray(32))];
  const inverse = Point.Fn.inv(s);
  const [u1, u2] = [Point.Fn.mul(toBigInt(digest) % N, inverse), Point.Fn.mul(r, inverse)];
  const R = G.multiplyUnsafe(u1).add(Point.fromBytes(hex(one.publicKey)).multiplyUnsafe(u2));
  return R.toAffine().x === r + N;
}

describe('ECDSA over secp256k1 (Wycheproof)', () => {
  /** Values at the edges of one arithmetic or another, the same ones in each file. */
  const isNumeric = (one: Case): boolean =>
    one.flags.some((flag) => ['ArithmeticError', 'SpecialCaseHash'].includes(flag));
  const suites = [
    ['ecdsa_secp256k1_sha256_p1363', 'all', [95, 85, 70, 2], sha256, (sig: Uint8Array) => sig],
    ['ecdsa_secp256k1_sha256_bitcoin', 'but values', [25, 104, 0, 0], sha256, fromDer],
    ['ecdsa_secp256k1_sha256_bitcoin', 'values', [136, 7, 0, 1], sha256, fromDer],
    ['ecdsa_secp256k1_sha3_256', 'all', [93, 109, 78, 1], sha3, fromDer],
  ] as const;

  // The library has no SHA-3: the spec makes its digests.
  it.each(suites.filter(([name, part]) => isDeep || !(name.includes('sha3') || part === 'values')))(
    '%s, %s: taken, refused, high s, high x: %j',
    (name, part, counts, hash, read) => {
      const cases = readWycheproof<Fields>(name).filter(
        (one) => part === 'all' || isNumeric(one) === (part === 'values'),
      );
      const met = [0, 0, 0, 0] as [number, number, number, number];
      const wrong = cases.filter((one) => {
        const digest = hash(hex(one.msg));
        const rs = read(hex(one.sig));
        const taken = rs !== undefined && isTaken(one, digest, rs);
        if (taken || rs === undefined || one.result === 'invalid') {
          met[taken ? 0 : 1]++;
          return taken !== (one.result === 'valid');
        }
        if (hasHighX(one, digest, rs)) {
          met[3]++;
          return false;
        }
        met[2]++;
        return !isHigh(rs) || !isTaken(one, digest, concat(rs.subarray(0, 32), u256(N - toBigInt(rs.subarray(32)))));
      });
      expect(wrong.map(nameOf)).toEqual([]);
      expect(met).toEqual(counts);
    },
  );
});
