/** A valid call of every export of section 3: generation, ceremony, signing, nonces. */

import * as crypto from '../src/index.js';
import { attempt, dealAll } from '../src/threshold/test-group.js';
import { random, type Call } from './mutants.js';

const b = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const isFalse = (result: unknown) => result === false;
const ALIKE = 'a polynomial may have two equal coefficients; their number is refused elsewhere';
const FOLDED = 'made by startCeremony and advance alone';

const parameters = attempt('hostile', 3, 2);
const { dealings, all } = dealAll(parameters);
const sent = dealings.flatMap((dealing) => crypto.dealtShares(parameters, dealing, all));
const received = sent.filter(({ receiver }) => receiver === 1);
const shares = dealings.map((dealing, i) =>
  crypto.finishGeneration(
    parameters,
    dealing,
    all,
    sent.filter(({ receiver }) => receiver === i + 1),
  ),
);
const [share, second] = shares as [crypto.KeyShare, crypto.KeyShare];
const { group } = share;
const digest = b(32);
const nonces = [share, second].map((one) => crypto.drawNonces(one, (length = 32) => random(length)));
const commitments = nonces.map(({ commitment }) => commitment);
/** Signing destroys nonces, so each use has a copy. */
const fresh = () => ({
  secret: { hiding: nonces[0]!.secret.hiding.slice(), binding: nonces[0]!.secret.binding.slice() },
  commitment: commitments[0]!,
});
const freshSecond = {
  secret: { hiding: nonces[1]!.secret.hiding.slice(), binding: nonces[1]!.secret.binding.slice() },
  commitment: commitments[1]!,
};
const z = [
  crypto.signShare(share, fresh(), commitments, digest),
  crypto.signShare(second, freshSecond, commitments, digest),
];
const combined = crypto.combineSignature(group, commitments, digest, z);
if (!('signature' in combined)) throw new Error('the valid signature must stand');
const { signature } = combined;
/** The first dealer's own side, which only its node has; it ends with one generation. */
const dealt = () => crypto.deal(parameters, 1, crypto.sha256(parameters.attemptId, Uint8Array.of(0)));
const started = crypto.startCeremony(parameters);
const points = all[0]!.points.map((point) => crypto.parsePoint(point, 'point'));

/** A ceremony up to a phase, folded by the library itself; `altered` is what the hub shows of a post. */
async function posted(until: crypto.CeremonyPhase, altered = (post: crypto.DuePost): crypto.CeremonyMessage => post) {
  let state = started;
  while (state.phase !== until)
    for (let member = 1; member <= 3; member++) {
      const post = await crypto.due(state, member, b(32, member));
      if (post !== null) state = crypto.advance(state, altered(post));
    }
  return state;
}
const finished = await posted('finish');
/** Dealer 2 sent member 1 nothing that opens. */
const betrayed = await posted('complaints', (post) =>
  post.kind === 'shares' && post.member === 2 ? { ...post, sealed: new Map([...post.sealed, [1, b(113)]]) } : post,
);
const evidence = await crypto.deriveHpkeKey(crypto.shareKeySeed(parameters.attemptId, 2, 1, b(32, 1)));

export const generationCalls: Record<string, Call> = {
  checkParameters: { args: [parameters], indices: ['0.n', '0.threshold'] },
  deal: { args: [parameters, 1, b(32)], indices: ['0.n', '1'] },
  checkCommitments: {
    args: [parameters, all[0]],
    free: { '1.points': ALIKE },
    indices: ['0.n', '1.dealer'],
  },
  checkCommitmentSet: { args: [parameters, all], free: { '1.0.points': ALIKE }, indices: ['0.n', '1.0.dealer'] },
  dealtShares: {
    args: [parameters, all],
    free: { '1.0.points': ALIKE },
    indices: ['0.n', '1.0.dealer'],
    run: (asked: crypto.GenerationParameters, list: crypto.DealerCommitments[]) =>
      crypto.dealtShares(asked, dealt(), list),
  },
  checkDealtShare: {
    args: [all[0], sent[0]],
    skip: { '0.proof': 'not read here' },
    scalars: ['1.share'],
    indices: ['1.receiver', '1.dealer', '0.dealer'],
  },
  finishGeneration: {
    args: [parameters, all, received],
    skip: { '0': 'asked of dealtShares, which it calls first', '1': 'likewise' },
    scalars: ['2.0.share'],
    indices: ['2.0.dealer', '2.0.receiver'],
    run: (asked: crypto.GenerationParameters, list: crypto.DealerCommitments[], came: crypto.DealtShare[]) =>
      crypto.finishGeneration(asked, dealt(), list, came),
  },
  groupOf: { args: [parameters, all], free: { '1.0.points': ALIKE }, indices: ['0.n'] },
  shareContext: { args: [b(32), 1, 2], indices: ['1', '2'] },
  shareKeySeed: { args: [b(32), 1, 2, b(32)], indices: ['1', '2'] },
  checkKeyShare: { args: [share], scalars: ['0.secret'], indices: ['0.index'] },
  checkGroup: { args: [group], indices: ['0.threshold'] },
  verificationShare: { args: [group, 1], indices: ['1'] },
  checkIndex: { args: [1, 'x'], skip: { 1: 'the name that an error carries' }, indices: ['0'] },
  commitmentAt: { args: [points, 1], free: { '0': 'any polynomial', '0.0': 'the identity' }, indices: ['1'] },
  frostId: { args: [1], indices: ['0'] },
  frostPublic: { args: [group] },
  frostSecret: { args: [share], skip: { '0.group': 'not read here' }, scalars: ['0.secret'], indices: ['0.index'] },
  publicOf: { args: [b(32)], scalars: ['0'] },
};

export const signingCalls: Record<string, Call> = {
  drawNonces: {
    args: [share, random],
    skip: { '0.group': 'not read here' },
    scalars: ['0.secret'],
    indices: ['0.index'],
  },
  checkPackage: { args: [group, commitments], indices: ['1.0.index'] },
  signShare: {
    args: [share, fresh(), commitments, digest],
    skip: { '1.commitment.index': 'not read here' },
    scalars: ['0.secret', '1.secret.hiding', '1.secret.binding'],
    indices: ['0.index', '2.0.index'],
    run: (one: crypto.KeyShare, own: crypto.SigningNonces, list: crypto.NonceCommitment[], message: Uint8Array) =>
      crypto.signShare(
        one,
        { ...own, secret: { hiding: spare(own.secret.hiding), binding: spare(own.secret.binding) } },
        list,
        message,
      ),
  },
  isSignatureShare: {
    args: [group, commitments, digest, z[0]],
    no: isFalse,
    scalars: ['3.share'],
    indices: ['3.index'],
  },
  combineSignature: {
    args: [group, commitments, digest, z],
    no: (result) => typeof result === 'object' && result !== null && 'culprits' in result,
    scalars: ['3.0.share'],
    indices: ['3.0.index'],
  },
  isGroupSignature: { args: [group.publicKey, digest, signature], no: isFalse },
  signatureWords: { args: [signature] },
  NonceVault: {
    args: [share, random],
    skip: { '0.group': 'not read here' },
    scalars: ['0.secret'],
    indices: ['0.index'],
    run: (one: crypto.KeyShare, source: typeof random) =>
      new crypto.NonceVault(
        () => 0,
        (n = 32) => source(n),
      ).commit('session', one),
  },
};

export const ceremonyCalls: Record<string, Call> = {
  startCeremony: { args: [parameters], indices: ['0.n', '0.threshold'] },
  advance: {
    args: [started, { kind: 'deadline', phase: 'keys' }],
    skip: { '0': FOLDED, '1': 'what the hub recorded is decoded before; posts are judged in ceremony.spec.ts' },
  },
  silent: { args: [started], skip: { '0': FOLDED } },
  due: { args: [finished, 1, b(32, 1)], skip: { '0': FOLDED }, no: (result) => result === null, indices: ['1'] },
  generatedGroup: { args: [finished], skip: { '0': FOLDED } },
  judgeComplaint: {
    args: [betrayed, 1, { dealer: 2, revealed: evidence.privateKey }],
    skip: { '0': FOLDED },
    no: (result) => result !== 2,
    scalars: ['2.revealed'],
    indices: ['1', '2.dealer'],
  },
  convicted: { args: [finished], skip: { '0': FOLDED } },
  transcriptOf: { args: [finished], skip: { '0': FOLDED } },
};

/** A copy of bytes; anything else as it is. */
function spare(value: Uint8Array): Uint8Array<ArrayBuffer> {
  return (value instanceof Uint8Array ? value.slice() : value) as Uint8Array<ArrayBuffer>;
}
