/**
 * One key generation as a state machine over the hub's log (protocol section 3): `advance` folds what the hub recorded,
 * `due` says what this member must post next. Neither does I/O and neither remembers anything: a node that was killed
 * folds the log again, and its stored seed gives it the same keys and the same polynomial.
 *
 * A message that the hub has not recorded by its deadline does not count, so every member that reads the same log
 * reaches the same state. Only `due` uses secrets. Silence, a bad message or a complaint ends the attempt, which then
 * names the members to blame; a new one starts without them, with another id and so with fresh polynomials.
 */

import { ascii, equalBytes } from '../bytes.js';
import { CryptoError, passes } from '../crypto-error.js';
import { keccak256 } from '../hash.js';
import { agreedVerdict, ascending, verdictOf } from './complaint.js';
import type { Complaint, ComplaintEvidence, Verdict } from './complaint.js';
import { areSealedShares, areShareKeys, openShare, sealShare, shareKey } from './dealt-share.js';
import type { DealtShare } from './dealt-share.js';
import { checkCommitments, checkParameters, deal, dealtShares, finish, groupOf } from './generation.js';
import type { DealerCommitments, Parameters } from './generation.js';
import type { GroupKey, KeyShare, MemberIndex } from './group.js';
import { encodeMessage } from './round-message.js';
import type { CeremonyMessage, FinishMessage } from './round-message.js';

/** The phases a generation passes, and how it ends. */
export type Phase = 'keys' | 'commitments' | 'shares' | 'complaints' | 'verdict' | 'finish' | 'done' | 'ended';

/** An event of the hub's final log, in its order: a post, or that a phase's deadline block has passed. */
export type Event = CeremonyMessage | { kind: 'deadline'; phase: Phase };

/** Why an attempt ended without a key, and the members to blame. */
export interface End {
  /** `verdict`: t members judged the complaints alike; `complaints`: they did not, and both sides leave. */
  reason: 'silence' | 'bad-keys' | 'bad-commitments' | 'bad-shares' | 'verdict' | 'complaints' | 'split-finish';
  culprits: MemberIndex[];
}

/** All that the hub's log says about one attempt. Nothing in it is secret. */
export interface State {
  readonly parameters: Parameters;
  readonly phase: Phase;
  readonly keys: ReadonlyMap<MemberIndex, ReadonlyMap<MemberIndex, Uint8Array>>;
  readonly commitments: ReadonlyMap<MemberIndex, DealerCommitments>;
  readonly shares: ReadonlyMap<MemberIndex, ReadonlyMap<MemberIndex, Uint8Array>>;
  readonly complaints: ReadonlyMap<MemberIndex, readonly Complaint[]>;
  readonly verdicts: ReadonlyMap<MemberIndex, Verdict>;
  readonly finishes: ReadonlyMap<MemberIndex, Uint8Array>;
  readonly end?: End;
}

/** The message that a member must post now; with `finish` also the share that must be stored, sealed, before the post is sent. */
export type DuePost = Exclude<CeremonyMessage, FinishMessage> | (FinishMessage & { group: GroupKey; share: KeyShare });

/** The phase after one in which everybody posted; if any complaint was made a verdict follows, which ends the attempt. */
const next = {
  keys: 'commitments',
  commitments: 'shares',
  shares: 'complaints',
  complaints: 'finish',
  finish: 'done',
} as const;

/** The state of an attempt in which nobody has posted. */
export function start(parameters: Parameters): State {
  checkParameters(parameters);
  const none = new Map<never, never>();
  const empty = { keys: none, commitments: none, shares: none, complaints: none, verdicts: none, finishes: none };
  return { parameters, phase: 'keys', ...empty };
}

/**
 * Folds one event of the hub into the state. The first post of a member in its phase counts; posts out of phase, of
 * strangers or after the end change nothing, as the hub would not have recorded them.
 */
export function advance(state: State, event: Event): State {
  if (state.phase === 'done' || state.phase === 'ended' || !isInPhase(state, event)) return state;
  if (event.kind === 'deadline')
    return state.phase === 'verdict' ? withoutVerdict(state) : ended(state, 'silence', silent(state));
  if (postsOf(state, state.phase).has(event.member)) return state;
  const posted = withPost(state, event);
  if (posted.phase === 'ended') return posted;
  return postsOf(posted, posted.phase).size === posted.parameters.n ? closed(posted) : posted;
}

/** The members that have not posted in the current phase. */
export function silent(state: State): MemberIndex[] {
  const posted = postsOf(state, state.phase);
  return members(state.parameters).filter((member) => !posted.has(member));
}

/**
 * The message that `member` must post now, or null when nothing is expected of it (any more). Only the sealing of
 * shares is random: everything else is the same each time this is called, whatever happened in between.
 *
 * @param seed 32 secret random bytes, stored sealed before the first post of this attempt
 * @throws CryptoError `bad-seed` or `bad-commitments` when this member's keys or commitments on the hub are not those of
 *   `seed`: it would accuse honest dealers, or deal shares that convict it
 */
export async function due(state: State, member: MemberIndex, seed: Uint8Array): Promise<DuePost | null> {
  const { parameters, phase } = state;
  if (!members(parameters).includes(member)) throw new CryptoError('not-a-member', 'member', 'is not in this attempt');
  if (phase === 'done' || phase === 'ended' || postsOf(state, phase).has(member)) return null;
  switch (phase) {
    case 'keys': {
      const keys = new Map<MemberIndex, Uint8Array>();
      for (const dealer of others(parameters, member))
        keys.set(dealer, (await shareKey(parameters.attemptId, dealer, member, seed)).publicKey);
      return { kind: 'keys', member, keys };
    }
    case 'commitments': {
      const { points, proof } = deal(parameters, member, seed).commitments;
      return { kind: 'commitments', member, points, proof };
    }
    case 'shares':
      await checkOwnKeys(state, member, seed);
      return { kind: 'shares', member, sealed: await sealedShares(state, member, seed) };
    case 'complaints':
      return { kind: 'complaints', member, complaints: (await receivedShares(state, member, seed)).complaints };
    case 'verdict':
      return { kind: 'verdict', member, ...(await verdict(state)) };
    case 'finish': {
      const { shares } = await receivedShares(state, member, seed);
      const share = finish(parameters, deal(parameters, member, seed), allCommitments(state), shares);
      return { kind: 'finish', member, transcript: transcriptOf(state), group: share.group, share };
    }
  }
}

/** The key of a generation whose commitments are complete; the same for everybody who folds the log. */
export function generatedGroup(state: State): GroupKey {
  return groupOf(state.parameters, allCommitments(state));
}

/** Judges the complaints of an attempt; the result is the same for everybody who folds the log. */
export function verdict(state: State): Promise<Verdict> {
  return verdictOf(state.complaints, (accuser, complaint) => evidenceOf(state, accuser, complaint));
}

/** The log's evidence for a complaint, which any third party can judge; null if no member of that number dealt to the accuser. */
export function evidenceOf(
  state: State,
  accuser: MemberIndex,
  { dealer, revealed }: Complaint,
): ComplaintEvidence | null {
  const published = state.keys.get(accuser)?.get(dealer);
  const sealed = state.shares.get(dealer)?.get(accuser);
  const commitments = state.commitments.get(dealer);
  if (!published || !sealed || !commitments) return null;
  return { attemptId: state.parameters.attemptId, accuser, revealed, published, sealed, commitments };
}

/** keccak256 over every message up to the shares, phase by phase in order of members, so that all members finish the same history. */
export function transcriptOf({ parameters, keys, commitments, shares }: State): Uint8Array {
  const messages = [
    ...members(parameters).map((member) => ({ kind: 'keys' as const, member, keys: keys.get(member)! })),
    ...members(parameters).map((member) => ({ kind: 'commitments' as const, member, ...commitments.get(member)! })),
    ...members(parameters).map((member) => ({ kind: 'shares' as const, member, sealed: shares.get(member)! })),
  ];
  return keccak256(
    ascii('cpds/v1/transcript'),
    ...messages.map((message) => encodeMessage(parameters.attemptId, message)),
  );
}

function isInPhase(state: State, event: Event): boolean {
  if (event.kind === 'deadline') return event.phase === state.phase;
  return event.kind === state.phase && members(state.parameters).includes(event.member);
}

function withPost(state: State, post: CeremonyMessage): State {
  const add = <T>(posts: ReadonlyMap<MemberIndex, T>, value: T) => new Map(posts).set(post.member, value);
  switch (post.kind) {
    case 'keys': {
      const posted = { ...state, keys: add(state.keys, post.keys) };
      return areShareKeys(others(state.parameters, post.member), post.keys)
        ? posted
        : ended(posted, 'bad-keys', [post.member]);
    }
    case 'commitments': {
      const dealt = { dealer: post.member, points: post.points, proof: post.proof };
      const posted = { ...state, commitments: add(state.commitments, dealt) };
      return areUsableCommitments(state, dealt) ? posted : ended(posted, 'bad-commitments', [post.member]);
    }
    case 'shares': {
      const posted = { ...state, shares: add(state.shares, post.sealed) };
      return areSealedShares(others(state.parameters, post.member), post.sealed)
        ? posted
        : ended(posted, 'bad-shares', [post.member]);
    }
    case 'complaints':
      return { ...state, complaints: add(state.complaints, post.complaints) };
    case 'verdict': {
      const { dealers, receivers } = post;
      const posted = { ...state, verdicts: add(state.verdicts, { dealers, receivers }) };
      const agreed = agreedVerdict(posted.verdicts, posted.parameters.threshold);
      return agreed ? ended(posted, 'verdict', ascending([...agreed.dealers, ...agreed.receivers])) : posted;
    }
    case 'finish':
      return { ...state, finishes: add(state.finishes, post.transcript) };
  }
}

/** Ends a phase in which everybody posted. */
function closed(state: State): State {
  const { phase } = state;
  if (phase === 'done' || phase === 'ended') return state;
  if (phase === 'verdict') return withoutVerdict(state);
  if (phase === 'complaints' && [...state.complaints.values()].some((list) => list.length > 0))
    return { ...state, phase: 'verdict' };
  if (phase === 'finish') {
    const expected = transcriptOf(state);
    const split = [...state.finishes].filter(([, transcript]) => !equalBytes(transcript, expected));
    if (split.length > 0)
      return ended(
        state,
        'split-finish',
        split.map(([member]) => member),
      );
  }
  return { ...state, phase: next[phase] };
}

/** Unless t members judge alike, both sides of every complaint leave (protocol section 3). */
function withoutVerdict(state: State): State {
  const accusing = [...state.complaints].filter(([, list]) => list.length > 0);
  const both = accusing.flatMap(([accuser, list]) => [accuser, ...list.map(({ dealer }) => dealer)]);
  return ended(state, 'complaints', ascending(both));
}

function ended(state: State, reason: End['reason'], culprits: MemberIndex[]): State {
  return { ...state, phase: 'ended', end: { reason, culprits } };
}

/** Whether commitments are acceptable by themselves, and their constant term is not one that another dealer posted before. */
function areUsableCommitments(state: State, dealt: DealerCommitments): boolean {
  if (!passes(() => checkCommitments(state.parameters, dealt))) return false;
  return ![...state.commitments.values()].some((earlier) => equalBytes(earlier.points[0]!, dealt.points[0]!));
}

async function sealedShares(state: State, member: MemberIndex, seed: Uint8Array) {
  const { parameters, keys } = state;
  const sealed = new Map<MemberIndex, Uint8Array>();
  for (const dealt of dealtShares(parameters, deal(parameters, member, seed), allCommitments(state)))
    sealed.set(dealt.receiver, await sealShare(parameters.attemptId, keys.get(dealt.receiver)!.get(member)!, dealt));
  return sealed;
}

/** Opens and checks every share dealt to `member`; each failure becomes a complaint that reveals only the key for that dealer. */
async function receivedShares(state: State, member: MemberIndex, seed: Uint8Array) {
  await checkOwnKeys(state, member, seed);
  const { attemptId } = state.parameters;
  const shares: DealtShare[] = [];
  const complaints: Complaint[] = [];
  for (const dealer of others(state.parameters, member)) {
    const { privateKey } = await shareKey(attemptId, dealer, member, seed);
    const sealed = state.shares.get(dealer)!.get(member)!;
    try {
      shares.push(await openShare(attemptId, state.commitments.get(dealer)!, member, privateKey, sealed));
    } catch (cause) {
      if (!(cause instanceof CryptoError)) throw cause;
      complaints.push({ dealer, revealed: privateKey });
    }
  }
  return { shares, complaints };
}

async function checkOwnKeys(state: State, member: MemberIndex, seed: Uint8Array): Promise<void> {
  for (const [dealer, posted] of state.keys.get(member)!)
    if (!equalBytes((await shareKey(state.parameters.attemptId, dealer, member, seed)).publicKey, posted))
      throw new CryptoError('bad-seed', 'seed', "is not that of this member's keys on the hub");
}

function postsOf(state: State, phase: Phase): ReadonlyMap<MemberIndex, unknown> {
  switch (phase) {
    case 'verdict':
      return state.verdicts;
    case 'finish':
      return state.finishes;
    case 'done':
    case 'ended':
      return new Map();
    default:
      return state[phase];
  }
}

function allCommitments(state: State): DealerCommitments[] {
  return members(state.parameters).map((member) => state.commitments.get(member)!);
}

function members({ n }: Parameters): MemberIndex[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

function others(parameters: Parameters, member: MemberIndex): MemberIndex[] {
  return members(parameters).filter((other) => other !== member);
}
