/** The ring signature and its tags without each of their inputs. */

import * as real from '../library.js';
import { random } from '../mutants.js';
import { b, digestRow, foreign, mod, type Library, type Row } from './row.js';

const { G, N } = real.curve;
const tagDomain = real.ring.tagDomain(b(32), b(20));
const secrets = [21n, 23n].map((x) => (real.stealth.isDeedKey(G.multiply(x)) ? x : N - x)) as [bigint, bigint];
const xs = secrets.map((x) => G.multiply(x).toAffine().x);
const statementOf = (library: Library, over: Partial<real.ring.RingStatement> = {}): real.ring.RingStatement => ({
  message: b(32),
  tagDomain,
  slot: 1,
  xs,
  tag: real.curve.compressed(library.ring.tagOf(library.ring.tagBase(tagDomain, xs[0]!, 1), secrets[0])),
  ...over,
});

/** The challenges of a ring of two, hashed without L or R. */
const ringHashOf = (statement: real.ring.RingStatement, tag: real.curve.Point, rest: Uint8Array) =>
  real.curve.challenge(
    real.hash.keccak256(
      real.bytes.ascii('cpds/v1/lsag'),
      statement.message,
      real.ring.ringHash(statement.slot, statement.xs),
      real.curve.xy(tag),
      rest,
    ),
  );

/** Both deeds are strangers': the tag has a known logarithm to the first base, and L is never looked at. */
const withoutKeys = (library: Library): boolean => {
  const bases = xs.map((x) => real.ring.tagBase(tagDomain, x, 1).point) as [real.curve.Point, real.curve.Point];
  const [t, a, s1] = [31n, 33n, 35n];
  const tag = bases[0].multiply(t);
  const statement = statementOf(real, { tag: real.curve.compressed(tag) });
  const c1 = ringHashOf(statement, tag, real.curve.xy(bases[0].multiply(a)));
  const c0 = ringHashOf(statement, tag, real.curve.xy(bases[1].multiply(s1).add(tag.multiply(c1))));
  return library.ring.verifyRing(statement, real.ring.compactSignature({ tag, c0, s: [mod(a - c0 * t), s1] }));
};

/** The signer's own key, and a tag that is nobody's: each lock another tag. */
const withFreeTag = (library: Library): boolean => {
  const [a, s1] = [33n, 35n];
  const tag = foreign;
  const statement = statementOf(real, { tag: real.curve.compressed(tag) });
  const c1 = ringHashOf(statement, tag, real.curve.addressOf(G.multiply(a)));
  const c0 = ringHashOf(
    statement,
    tag,
    real.curve.addressOf(G.multiply(s1).add(real.curve.liftX(xs[1]!, 'x').multiply(c1))),
  );
  return library.ring.verifyRing(statement, real.ring.compactSignature({ tag, c0, s: [mod(a - c0 * secrets[0]), s1] }));
};

/** The same signature begun at the next place of a turned ring. */
const turned = (library: Library): boolean => {
  const statement = statementOf(library);
  const compact = library.ring.signRing(statement, secrets[0], random);
  const { tag, s } = library.ring.parseRingSignature(compact, 2);
  const other = { ...statement, xs: [...xs].reverse() };
  return cOneOf(library, statement, compact).some((c0) =>
    library.ring.verifyRing(other, real.ring.compactSignature({ tag, c0, s: [s[1]!, s[0]!] })),
  );
};

/** c_1 of a signature, caught where the verifier multiplies with it. */
function cOneOf(library: Library, statement: real.ring.RingStatement, compact: Uint8Array): bigint[] {
  const seen: bigint[] = [];
  library.ring.closeRing(statement, library.ring.parseRingSignature(compact, 2), (H, s, I, c) => {
    seen.push(c);
    return H.multiply(s).add(I.multiply(c));
  });
  return seen.slice(1);
}

const lsag = (input: string, from: string, to: string, caughtBy: string, succeeds: Row['succeeds']): Row => ({
  challenge: 'lsag',
  input,
  file: 'lsag.ts',
  from,
  to,
  caughtBy,
  succeeds,
});

export const lsagRows: Row[] = [
  lsag(
    'message',
    "ascii('cpds/v1/lsag'), statement.message, ",
    "ascii('cpds/v1/lsag'), ",
    'a lock of one grant passes for another',
    (library) => {
      const statement = statementOf(library);
      return library.ring.verifyRing(
        { ...statement, message: b(32, 8) },
        library.ring.signRing(statement, secrets[0], random),
      );
    },
  ),
  lsag(
    'ringHash',
    'ringHash(statement.slot, statement.xs), xy(tag)',
    'xy(tag)',
    'the signature turned with its ring',
    turned,
  ),
  lsag(
    'ringHash: xs',
    "    ...checkList(xs, 'xs', MOST_DEEDS).map((x, i) => u256(checkScalar(x, `xs[${i}]`))),\n",
    '',
    'the signature turned with its ring',
    turned,
  ),
  lsag(
    'addr(L)',
    'transcriptHead(statement, tag), addressOf(L), ',
    'transcriptHead(statement, tag), ',
    'signed without any deed’s key',
    withoutKeys,
  ),
  lsag(
    'R',
    'addressOf(L), xy(R)));',
    'addressOf(L)));',
    'signed with a tag of one’s choice: not linkable',
    withFreeTag,
  ),
];

const tagBytes = (library: Library, domain: Uint8Array, x: bigint, slot: number, secret = secrets[0]) =>
  real.curve.compressed(library.ring.tagOf(library.ring.tagBase(domain, x, slot), secret));

export const tagRows: Row[] = [
  digestRow(
    'tag base',
    'tag-base.ts',
    'D',
    'concat(checkDomain(domain), ',
    'concat(',
    'one tag in two LockedAccounts',
    (l) => [tagBytes(l, tagDomain, xs[0]!, 1), tagBytes(l, b(32, 9), xs[0]!, 1)],
  ),
  digestRow(
    'tag base',
    'tag-base.ts',
    'slot',
    ', slotByte(slot)))',
    '))',
    'two consents of one deed carry one tag',
    (l) => [tagBytes(l, tagDomain, xs[0]!, 1), tagBytes(l, tagDomain, xs[0]!, 2)],
  ),
  {
    challenge: 'tag base',
    input: 'P.x',
    file: 'tag-base.ts',
    from: "u256(checkScalar(deedX, 'deedX')), ",
    to: '',
    caughtBy: 'who made two accounts links their tags by the known difference',
    succeeds: (l) => {
      const [one, two] = xs.map((x, i) => l.ring.tagOf(l.ring.tagBase(tagDomain, x, 1), secrets[i]!)) as [
        real.curve.Point,
        real.curve.Point,
      ];
      // The sender of both knows s_1 - s_2, the difference of the two secrets, and nothing else of them.
      return one
        .subtract(two)
        .equals(l.ring.tagBase(tagDomain, xs[0]!, 1).point.multiply(mod(secrets[0] - secrets[1])));
    },
  },
  digestRow(
    'tag domain',
    'tag-base.ts',
    'chainUid',
    "ascii('cpds/v1/tag-base'), chainUid, ",
    "ascii('cpds/v1/tag-base'), ",
    'one tag on two chains',
    (l) => [l.ring.tagDomain(b(32), b(20)), l.ring.tagDomain(b(32, 8), b(20))],
  ),
  digestRow(
    'tag domain',
    'tag-base.ts',
    'LockedAccount',
    'chainUid, lockedAccount)',
    'chainUid)',
    'one tag in two contracts',
    (l) => [l.ring.tagDomain(b(32), b(20)), l.ring.tagDomain(b(32), b(20, 8))],
  ),
];
