/** DLEQ without each of its inputs: replays, and false statements in the manner of Frozen Heart (Trail of Bits, 2022). */

import * as real from '../library.js';
import { random } from '../mutants.js';
import { b, foreign, mod, type Library, type Row } from './row.js';

const { G, Point } = real.curve;
const W = 5n;
const fair: real.dleq.DleqStatement = {
  use: 'open',
  A: G,
  X: G.multiply(W),
  B: real.ring.gBar(),
  Z: real.ring.gBar().multiply(W),
  message: b(32),
};

/** A proof made for `fair`, asked about another statement. */
const replayed = (change: Partial<real.dleq.DleqStatement>) => (library: Library) =>
  library.dleq.verifyDleq({ ...fair, ...change }, library.dleq.proveDleq(fair, W, random));

/**
 * A false statement proven: L and R are fixed, the challenge is taken as the library takes it, and `bend` chooses the
 * one place that the challenge does not see. The challenge is taken from a run of the verifier on the statement before
 * `bend`.
 */
function bent(place: 'A' | 'X' | 'B' | 'Z', unhashed: 'place' | 'L' | 'R') {
  return (library: Library): boolean => {
    const [l, r] = [11n, 13n];
    // One side is honest with witness W and nonce r; the other has L without knowledge of any witness.
    const onLeft = place === 'A' || place === 'X';
    const [free, honest] = onLeft ? (['L', 'R'] as const) : (['R', 'L'] as const);
    const points = {
      L: onLeft ? foreign.multiply(l) : G.multiply(r),
      R: onLeft ? fair.B.multiply(r) : foreign.multiply(l),
    };
    if (unhashed === free) {
      // The free side is not hashed at all: any point may stand in `place`.
      const statement = { ...fair, [place]: foreign };
      const c = challengeOf(statement, points, { [free]: true });
      return library.dleq.verifyDleq(statement, { c, s: mod(r - c * W) });
    }
    if (unhashed === honest) throw new Error('the honest side is hashed');
    const c = challengeOf(fair, points, { [place]: true });
    const s = mod(r - c * W);
    const [base, image] = onLeft ? (['A', 'X'] as const) : (['B', 'Z'] as const);
    const chosen =
      place === base
        ? points[free].subtract(fair[image].multiply(c)).multiply(Point.Fn.inv(s))
        : points[free].subtract(fair[base].multiply(s)).multiply(Point.Fn.inv(c));
    return library.dleq.verifyDleq({ ...fair, [place]: chosen }, { c, s });
  };
}

/** The challenge of a DLEQ as section 12 has it, without what is `left out`. */
function challengeOf(
  statement: real.dleq.DleqStatement,
  { L, R }: { L: real.curve.Point; R: real.curve.Point },
  out: Partial<Record<'A' | 'X' | 'B' | 'Z' | 'L' | 'R', boolean>>,
): bigint {
  const parts = (['A', 'X', 'B', 'Z'] as const)
    .filter((place) => !out[place])
    .map((place) => real.curve.xy(statement[place]));
  return real.curve.challenge(
    real.hash.keccak256(
      real.bytes.ascii(`cpds/v1/dleq/${statement.use}`),
      statement.message,
      ...parts,
      ...(out.L ? [] : [real.curve.addressOf(L)]),
      ...(out.R ? [] : [real.curve.xy(R)]),
    ),
  );
}

const dleq = (input: string, from: string, to: string, caughtBy: string, succeeds: Row['succeeds']): Row => ({
  challenge: 'dleq',
  input,
  file: 'dleq.ts',
  from,
  to,
  caughtBy,
  succeeds,
});

export const dleqRows: Row[] = [
  dleq(
    'use',
    '`cpds/v1/dleq/${statement.use}`',
    '`cpds/v1/dleq/`',
    'a proof of q passes as the proof of a capsule',
    replayed({ use: 'seal' }),
  ),
  dleq(
    'message',
    '    statement.message,\n',
    '',
    'a proof for one grant passes for another',
    replayed({ message: b(32, 8) }),
  ),
  dleq('A', '    xy(statement.A),\n', '', 'A chosen after the challenge: false statement', bent('A', 'place')),
  dleq('X', '    xy(statement.X),\n', '', 'X chosen after the challenge: false statement', bent('X', 'place')),
  dleq('B', '    xy(statement.B),\n', '', 'B chosen after the challenge: false statement', bent('B', 'place')),
  dleq('Z', '    xy(statement.Z),\n', '', 'Z chosen after the challenge: false statement', bent('Z', 'place')),
  dleq(
    'addr(L)',
    'transcript(statement), addressOf(L), xy(R)',
    'transcript(statement), xy(R)',
    'any X beside an honest Z',
    bent('X', 'L'),
  ),
  dleq('R', 'addressOf(L), xy(R)))', 'addressOf(L)))', 'any Z beside an honest X', bent('Z', 'R')),
  dleq(
    'nonce: transcript',
    'random(32), transcript(statement))',
    'random(32), new Uint8Array(0))',
    'stuck randomness: two proofs give the witness',
    (library) => {
      const prove = (message: Uint8Array) => library.dleq.proveDleq({ ...fair, message }, W, (n) => b(n));
      const [one, two] = [prove(b(32, 1)), prove(b(32, 2))];
      return mod((one.s - two.s) * Point.Fn.inv(mod(two.c - one.c))) === W;
    },
  ),
];
