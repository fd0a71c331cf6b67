/** A valid call of every export of section 3: generation, reshare, ceremonies, complaints, signing, nonces. */

import * as crypto from './library.js';
import { attempt, dealAll } from '../src/threshold/test-group.js';
import { random, restart, type Call } from './mutants.js';

restart();

const b = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const isFalse = (result: unknown) => result === false;
const ALIKE = 'a polynomial may have two equal coefficients; their number is refused elsewhere';
const FOLDED = 'made by start and advance alone';

const parameters = attempt('hostile', 3, 2);
const { dealings, all } = dealAll(parameters);
const sent = dealings.flatMap((dealing) => crypto.generation.dealtShares(parameters, dealing, all));
const received = sent.filter(({ receiver }) => receiver === 1);
const shares = dealings.map((dealing, i) =>
  crypto.generation.finish(
    parameters,
    dealing,
    all,
    sent.filter(({ receiver }) => receiver === i + 1),
  ),
);
const [share, second] = shares as [crypto.group.KeyShare, crypto.group.KeyShare];
const { group } = share;
const digest = b(32);
const nonces = [share, second].map((one) => crypto.frost.drawNonces(one, (length = 32) => random(length)));
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
  crypto.frost.signShare(share, fresh(), commitments, digest),
  crypto.frost.signShare(second, freshSecond, commitments, digest),
];
const combined = crypto.frost.combineSignature(group, commitments, digest, z);
if (!('signature' in combined)) throw new Error('the valid signature must stand');
const { signature } = combined;
/** The first dealer's own side, which only its node has; one generation uses it up. */
const ownDealing = crypto.generation.deal(parameters, 1, crypto.hash.sha256(parameters.attemptId, Uint8Array.of(0)));
const dealt = () => structuredClone(ownDealing);
const started = crypto.generation.start(parameters);
const points = all[0]!.points.map((point) => crypto.curve.parsePoint(point, 'point'));

/** A ceremony up to a phase, folded by the library itself; `altered` changes the posts that the hub shows. */
async function posted(
  until: crypto.generation.Phase,
  altered = (post: crypto.generation.DuePost): crypto.ceremony.CeremonyMessage => post,
) {
  let state = started;
  while (state.phase !== until)
    for (let member = 1; member <= 3; member++) {
      const post = await crypto.generation.due(state, member, b(32, member));
      if (post !== null) state = crypto.generation.advance(state, altered(post));
    }
  return state;
}
const finished = await posted('finish');
/** Dealer 2 sent member 1 bytes that do not open. */
const betrayed = await posted('complaints', (post) =>
  post.kind === 'shares' && post.member === 2 ? { ...post, sealed: new Map([...post.sealed, [1, b(113)]]) } : post,
);
const { privateKey: revealed } = await crypto.ceremony.shareKey(parameters.attemptId, 2, 1, b(32, 1));
const complaint = { dealer: 2, revealed };
const evidence = crypto.generation.evidenceOf(betrayed, 1, complaint)!;
const isNotDealer = (result: unknown) => result !== 'dealer';
const sealedFor1 = finished.shares.get(2)!.get(1)!;

/** The next epoch of the same members, with all three as holders and the first two as dealers. */
const reshare = { attemptId: b(32, 9), old: group, n: 3, nMin: 3, threshold: 2 };
const redealings = [share, second].map((one) => crypto.reshare.redeal(reshare, one, b(32, one.index)));
const redealt = redealings.map(({ commitments: published }) => published);
const redealtTo1 = redealings.map((one) => crypto.reshare.redealtShare(one, 1));
const reshareStart = crypto.reshare.start(reshare);

/** The states of a reshare over the hub in which its phases begin, folded by the library itself. */
async function reshared(): Promise<Record<string, crypto.reshare.State>> {
  let state = reshareStart;
  const begun: Record<string, crypto.reshare.State> = {};
  while (state.phase !== 'done') {
    begun[state.phase] ??= state;
    for (const own of shares) {
      const self = { member: own.index, share: own, receiver: own.index };
      const post = await crypto.reshare.due(state, self, b(32, own.index));
      if (post !== null) state = crypto.reshare.advance(state, post);
    }
  }
  return begun;
}
const phases = await reshared();
const verdicts = new Map([1, 2].map((member) => [member, { dealers: [2, 3], receivers: [1] }]));
/** One message of each kind. */
const messages: crypto.ceremony.RoundMessage[] = [
  { kind: 'keys', member: 2, keys: new Map([[1, b(65)]]) },
  { kind: 'commitments', member: 2, points: evidence.commitments.points, proof: b(65) },
  { kind: 'shares', member: 2, sealed: new Map([[1, b(113)]]) },
  { kind: 'complaints', member: 1, complaints: [complaint] },
  { kind: 'verdict', member: 1, dealers: [2, 3], receivers: [1, 3] },
  { kind: 'finish', member: 1, transcript: b(32) },
  { kind: 'nonce-commitment', member: 1, commitment: commitments[0]! },
  { kind: 'signature-share', member: 1, share: z[0]! },
];

export const generationCalls: Record<string, Call> = {
  'generation.checkParameters': { args: [parameters], indices: ['0.n', '0.threshold'] },
  'generation.deal': { args: [parameters, 1, b(32)], indices: ['0.n', '1'] },
  'generation.checkCommitments': {
    args: [parameters, all[0]],
    free: { '1.points': ALIKE },
    indices: ['0.n', '1.dealer'],
  },
  'generation.checkCommitmentSet': {
    args: [parameters, all],
    free: { '1.0.points': ALIKE },
    indices: ['0.n', '1.0.dealer'],
  },
  'generation.dealtShares': {
    args: [parameters, all],
    free: { '1.0.points': ALIKE },
    indices: ['0.n', '1.0.dealer'],
    run: (asked: crypto.generation.Parameters, list: crypto.generation.DealerCommitments[]) =>
      crypto.generation.dealtShares(asked, dealt(), list),
  },
  'ceremony.checkDealtShare': {
    args: [all[0], sent[0]],
    skip: { '0.proof': 'not read here' },
    scalars: ['1.share'],
    indices: ['1.receiver', '1.dealer', '0.dealer'],
  },
  'generation.finish': {
    args: [parameters, all, received],
    skip: { '0': 'asked of dealtShares, which it calls first', '1': 'likewise' },
    scalars: ['2.0.share'],
    indices: ['2.0.dealer', '2.0.receiver'],
    run: (
      asked: crypto.generation.Parameters,
      list: crypto.generation.DealerCommitments[],
      came: crypto.ceremony.DealtShare[],
    ) => crypto.generation.finish(asked, dealt(), list, came),
  },
  'generation.groupOf': { args: [parameters, all], free: { '1.0.points': ALIKE }, indices: ['0.n'] },
  'ceremony.shareContext': { args: [b(32), 1, 2], indices: ['1', '2'] },
  'ceremony.shareKeySeed': { args: [b(32), 1, 2, b(32)], indices: ['1', '2'] },
  'group.checkKeyShare': { args: [share], scalars: ['0.secret'], indices: ['0.index'] },
  'group.checkGroup': { args: [group], indices: ['0.threshold'] },
  'ceremony.sealShare': { args: [b(32), evidence.published, redealtTo1[0]], indices: ['2.dealer', '2.receiver'] },
  'ceremony.shareKey': { args: [b(32), 1, 2, b(32)], indices: ['1', '2'] },
  'ceremony.openShare': {
    args: [parameters.attemptId, evidence.commitments, 1, revealed, sealedFor1],
    skip: { '1.proof': 'not read here' },
    scalars: ['3'],
    indices: ['1.dealer', '2'],
  },
  'group.verificationShare': { args: [group, 1], indices: ['1'] },
  'group.checkIndex': { args: [1, 'x'], skip: { 1: 'the name that an error carries' }, indices: ['0'] },
  'group.commitmentAt': { args: [points, 1], free: { '0': 'any polynomial', '0.0': 'the identity' }, indices: ['1'] },
  'group.frostId': { args: [1], indices: ['0'] },
  'group.frostPublic': { args: [group] },
  'group.frostSecret': {
    args: [share],
    skip: { '0.group': 'not read here' },
    scalars: ['0.secret'],
    indices: ['0.index'],
  },
  'group.publicOf': { args: [b(32)], scalars: ['0'] },
};

export const signingCalls: Record<string, Call> = {
  'frost.drawNonces': {
    args: [share, random],
    skip: { '0.group': 'not read here' },
    scalars: ['0.secret'],
    indices: ['0.index'],
  },
  'frost.checkPackage': { args: [group, commitments], indices: ['1.0.index'] },
  'frost.signShare': {
    args: [share, fresh(), commitments, digest],
    skip: { '1.commitment.index': 'not read here' },
    scalars: ['0.secret', '1.secret.hiding', '1.secret.binding'],
    indices: ['0.index', '2.0.index'],
    run: (
      one: crypto.group.KeyShare,
      own: crypto.frost.SigningNonces,
      list: crypto.frost.NonceCommitment[],
      message: Uint8Array,
    ) =>
      crypto.frost.signShare(
        one,
        { ...own, secret: { hiding: spare(own.secret.hiding), binding: spare(own.secret.binding) } },
        list,
        message,
      ),
  },
  'frost.isSignatureShare': {
    args: [group, commitments, digest, z[0]],
    no: isFalse,
    scalars: ['3.share'],
    indices: ['3.index'],
  },
  'frost.combineSignature': {
    args: [group, commitments, digest, z],
    no: (result) => typeof result === 'object' && result !== null && 'culprits' in result,
    scalars: ['3.0.share'],
    indices: ['3.0.index'],
  },
  'frost.isGroupSignature': { args: [group.publicKey, digest, signature], no: isFalse },
  'frost.signatureWords': { args: [signature] },
  'frost.NonceVault': {
    args: [share, random],
    skip: { '0.group': 'not read here' },
    scalars: ['0.secret'],
    indices: ['0.index'],
    run: (one: crypto.group.KeyShare, source: typeof random) =>
      new crypto.frost.NonceVault(
        () => 0,
        (n = 32) => source(n),
      ).commit('session', one),
  },
};

export const ceremonyCalls: Record<string, Call> = {
  'generation.start': { args: [parameters], indices: ['0.n', '0.threshold'] },
  'generation.advance': {
    args: [started, { kind: 'deadline', phase: 'keys' }],
    skip: { '0': FOLDED, '1': 'what the hub recorded is decoded before; posts are judged in ceremony.spec.ts' },
  },
  'generation.silent': { args: [started], skip: { '0': FOLDED } },
  'generation.due': {
    args: [finished, 1, b(32, 1)],
    skip: { '0': FOLDED },
    no: (result) => result === null,
    indices: ['1'],
  },
  'generation.generatedGroup': { args: [finished], skip: { '0': FOLDED } },
  'generation.evidenceOf': {
    args: [1, complaint],
    no: isNotDealer,
    scalars: ['1.revealed'],
    indices: ['0', '1.dealer'],
    run: (accuser: number, one: crypto.ceremony.Complaint) => {
      const found = crypto.generation.evidenceOf(betrayed, accuser, one);
      return found && crypto.ceremony.judge(found);
    },
  },
  'generation.verdict': { args: [betrayed], skip: { '0': FOLDED } },
  'generation.transcriptOf': { args: [finished], skip: { '0': FOLDED } },
};

const SIZES = ['0.n', '0.nMin', '0.threshold', '0.old.threshold'];

export const reshareCalls: Record<string, Call> = {
  'reshare.checkParameters': { args: [reshare], indices: SIZES },
  'reshare.redeal': {
    args: [reshare, share, b(32)],
    skip: { '1.group': 'that of the parameters counts' },
    scalars: ['1.secret'],
    indices: [...SIZES, '1.index'],
  },
  'reshare.redealtShare': {
    args: [redealings[0], 1],
    free: { '0.coefficients': ALIKE },
    skip: { '0.commitments.points': 'not read here' },
    indices: ['0.commitments.dealer', '1'],
  },
  'reshare.checkRedealing': {
    args: [reshare, redealt[0]],
    free: { '1.points': ALIKE },
    indices: [...SIZES, '1.dealer'],
  },
  'reshare.resharedGroup': {
    args: [reshare, redealt, [1, 2, 3]],
    free: { '1.0.points': ALIKE },
    indices: [...SIZES, '1.0.dealer', '2.0'],
  },
  'reshare.finish': {
    args: [reshare, redealt, [1, 2, 3], 1, redealtTo1],
    skip: { '0': 'asked of resharedGroup, which it calls first', '1': 'likewise', '2': 'likewise' },
    scalars: ['4.0.share'],
    indices: ['3', '4.0.dealer', '4.0.receiver'],
  },
  'reshare.start': { args: [reshare], indices: SIZES },
  'reshare.advance': {
    args: [reshareStart, { kind: 'deadline', phase: 'keys' }],
    skip: { '0': FOLDED, '1': 'what the hub recorded is decoded before; posts are judged in reshare-ceremony.spec.ts' },
  },
  'reshare.awaited': { args: [reshareStart], skip: { '0': FOLDED } },
  'reshare.due': {
    args: [{ share, receiver: 1 }, b(32, 1)],
    skip: { '0.share.group': 'that of the state counts' },
    optional: ['0.receiver'],
    no: (result) => (result as unknown[]).includes(null),
    scalars: ['0.share.secret'],
    indices: ['0.share.index', '0.receiver'],
    run: async (self: crypto.reshare.Self, seed: Uint8Array) => [
      await crypto.reshare.due(phases.shares!, self, seed),
      await crypto.reshare.due(phases.finish!, self, seed),
    ],
  },
  'reshare.resharedKey': { args: [phases.finish], skip: { '0': FOLDED } },
  'reshare.outcomeOf': { args: [phases.finish], skip: { '0': FOLDED } },
  'reshare.verdict': { args: [phases.finish], skip: { '0': FOLDED } },
};

export const complaintCalls: Record<string, Call> = {
  'ceremony.judge': {
    args: [evidence],
    free: {
      '0.sealed': 'nothing else opens either',
      '0.commitments.points': 'checked when they were posted; the share is on no other',
    },
    skip: { '0.commitments.proof': 'not read here' },
    no: isNotDealer,
    scalars: ['0.revealed'],
    indices: ['0.accuser', '0.commitments.dealer'],
  },
  'ceremony.verdictOf': {
    args: [new Map([[1, [complaint]]])],
    no: (result) => (result as crypto.ceremony.Verdict).dealers.length === 0,
    scalars: ['0.1.0.revealed'],
    indices: ['0.1.0.dealer'],
    run: (complaints: Map<number, crypto.ceremony.Complaint[]>) =>
      crypto.ceremony.verdictOf(complaints, (accuser, one) => crypto.generation.evidenceOf(betrayed, accuser, one)),
  },
  'ceremony.agreedVerdict': { args: [verdicts, 2], no: (result) => result === null, indices: ['0.1.dealers.0', '1'] },
  'ceremony.encodeMessage': {
    args: messages.map((message) => ({ session: b(32), message })),
    free: {
      '1.message.points': 'any number',
      '1.message.points.0': 'the round judges points',
      '1.message.proof': 'none in a reshare',
      '3.message.complaints': 'maybe none',
      '4.message.dealers': 'maybe none',
      '4.message.receivers': 'maybe none',
      '6.message.commitment.hiding': 'the round judges points',
      '6.message.commitment.binding': 'the round judges points',
    },
    indices: messages.map((_, i) => `${i}.message.member`),
    run: (...all: { session: Uint8Array; message: crypto.ceremony.RoundMessage }[]) =>
      all.map(({ session, message }) => crypto.ceremony.encodeMessage(session, message)),
  },
  'ceremony.decodeMessage': { args: [b(32), crypto.ceremony.encodeMessage(b(32), messages[0]!)] },
};

/** A copy of bytes; anything else as it is. */
function spare(value: Uint8Array): Uint8Array<ArrayBuffer> {
  return (value instanceof Uint8Array ? value.slice() : value) as Uint8Array<ArrayBuffer>;
}
