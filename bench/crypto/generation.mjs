// Distributed key generation, round by round for one member, against bare @noble/curves and @cmdcode/frost.
/* global structuredClone */
import { randomBytes } from 'node:crypto';
import * as generation from '@cpds/crypto/generation';
import { combine_set, create_share_set, merge_share_commits, verify_share } from '@cmdcode/frost/lib';
import { measured, row, timed } from '../harness.mjs';
import { named, ownNoble } from '../peers.mjs';

const { secp256k1_FROST: noble } = await ownNoble('secp256k1.js');
const range = (n) => Array.from({ length: n }, (_, i) => i + 1);

/** The key shares of a whole generation, for benches of what comes after it. */
export function generate(threshold, n) {
  const { parameters, dealings, all } = dealAll(threshold, n);
  const sent = dealings.flatMap((dealing) => generation.dealtShares(parameters, dealing, all));
  return dealings.map((dealing, at) =>
    generation.finish(
      parameters,
      dealing,
      all,
      sent.filter(({ receiver }) => receiver === at + 1),
    ),
  );
}

function dealAll(threshold, n) {
  const parameters = { attemptId: randomBytes(32), n, threshold };
  const dealings = range(n).map((dealer) => generation.deal(parameters, dealer, randomBytes(32)));
  return { parameters, dealings, all: dealings.map(({ commitments }) => commitments) };
}

export async function measure(options) {
  const rows = [];
  for (const [threshold, n] of [
    [3, 5],
    [7, 10],
  ]) {
    const contenders = { ours: ours(threshold, n), noble: bare(threshold, n), cmdcode: cmdcode(threshold, n) };
    for (const step of ['round 1', 'round 2', 'round 3', 'all rounds']) {
      const present = Object.entries(contenders).filter(([, steps]) => step in steps);
      const times = await measured(options, Object.fromEntries(present.map(([name, steps]) => [name, steps[step]])));
      const name = `generation ${threshold} of ${n}, one member: ${step}`;
      rows.push(
        row({
          name,
          unit: 'ms',
          ours: times.ours,
          peer: times.noble,
          peerName: 'bare @noble/curves',
          note: 'Ours binds proofs of possession to the attempt, follows from a stored seed and names culprits: it checks what the bare rounds check, and the public key and verification shares of all from public commitments alone.',
        }),
        row({
          name,
          unit: 'ms',
          ours: times.ours,
          peer: times.cmdcode ?? null,
          peerName: named('@cmdcode/frost'),
          note:
            times.cmdcode === undefined
              ? 'The peer deals its shares in round 1 and has no round between.'
              : 'The peer has no proof of possession and no ceremony: its parts, put together as its examples do.',
        }),
      );
    }
  }
  return { rows };
}

/** One member of a generation whose other messages are fixed. Rounds change what they are given, so each gets a copy. */
function ours(threshold, n) {
  const { parameters, dealings, all } = dealAll(threshold, n);
  const seed = randomBytes(32);
  const own = generation.deal(parameters, 1, seed);
  const messages = [own.commitments, ...all.slice(1)];
  const received = dealings
    .slice(1)
    .map((dealing) => generation.dealtShares(parameters, dealing, messages).find(({ receiver }) => receiver === 1));
  const dealt = structuredClone(own);
  generation.dealtShares(parameters, dealt, messages);
  return {
    'round 1': timed(() => generation.deal(parameters, 1, seed)),
    'round 2': timed(
      (dealing) => generation.dealtShares(parameters, dealing, messages),
      () => structuredClone(own),
    ),
    'round 3': timed(
      (dealing) => generation.finish(parameters, dealing, messages, received),
      () => structuredClone(dealt),
    ),
    'all rounds': timed(() => {
      const dealing = generation.deal(parameters, 1, seed);
      generation.dealtShares(parameters, dealing, messages);
      generation.finish(parameters, dealing, messages, received);
    }),
  };
}

function bare(threshold, n) {
  const signers = { min: threshold, max: n };
  const ids = range(n).map((i) => noble.Identifier.fromNumber(i));
  const dealt = ids.map((id) => noble.DKG.round1(id, signers));
  const others = dealt.slice(1).map((one) => one.public);
  const received = dealt.slice(1).map((one, at) => {
    const rest = dealt.filter((_, i) => i !== at + 1).map((other) => other.public);
    return noble.DKG.round2(structuredClone(one.secret), rest)[ids[0]];
  });
  const first = dealt[0].secret;
  const second = structuredClone(first);
  noble.DKG.round2(second, others);
  // `all rounds` needs the polynomial that the fixed messages answer to, so it throws away the one that round 1 draws.
  return {
    'round 1': timed(() => noble.DKG.round1(ids[0], signers)),
    'round 2': timed(
      (secret) => noble.DKG.round2(secret, others),
      () => structuredClone(first),
    ),
    'round 3': timed(
      (secret) => noble.DKG.round3(secret, others, received),
      () => structuredClone(second),
    ),
    'all rounds': timed(
      (secret) => {
        noble.DKG.round1(ids[0], signers);
        noble.DKG.round2(secret, others);
        noble.DKG.round3(secret, others, received);
      },
      () => structuredClone(first),
    ),
  };
}

function cmdcode(threshold, n) {
  const sets = range(n).map(() => create_share_set(threshold, n));
  const finish = () => {
    const received = sets.map(({ shares }) => shares[0]);
    for (const [at, share] of received.entries())
      if (at > 0 && !verify_share(sets[at].vss_commits, share, threshold)) throw new Error('a good share was refused');
    const commits = sets.map((set) => set.vss_commits).reduce(merge_share_commits);
    return { share: combine_set(received), commits };
  };
  return {
    'round 1': timed(() => create_share_set(threshold, n)),
    'round 3': timed(finish),
    'all rounds': timed(() => {
      create_share_set(threshold, n);
      finish();
    }),
  };
}
