/**
 * One reshare as a state machine over the hub's log (protocol section 3), in the same shape as a generation's: `advance`
 * folds, `due` says what this node must post next.
 *
 * The difference: a generation needs everybody, so any fault ends it. Here the old epoch stays valid until the new one
 * is final, and members can be spared: a dealer at fault is not used as long as t remain, a receiver at fault leaves as
 * long as nMin remain, and only the outcome needs all members that are left.
 */

import { ascii, concat, equalBytes, u16 } from '../bytes.js';
import { CryptoError, passes } from '../crypto-error.js';
import { keccak256 } from '../hash.js';
import { agreedVerdict, ascending, verdictOf } from './complaint.js';
import type { Complaint, ComplaintEvidence, Verdict } from './complaint.js';
import { areSealedShares, areShareKeys, openShare, sealShare, shareKey } from './dealt-share.js';
import type { DealtShare, PolynomialCommitments } from './dealt-share.js';
import type { GroupKey, KeyShare, MemberIndex } from './group.js';
import { checkRedealing, checkParameters, finish, redeal, redealtShare, resharedGroup } from './reshare.js';
import type { Parameters } from './reshare.js';
import type { CeremonyMessage, FinishMessage } from './round-message.js';

/** The phases a reshare passes, and how it ends. */
export type Phase = 'keys' | 'commitments' | 'shares' | 'complaints' | 'verdict' | 'finish' | 'done' | 'ended';

/** An event of the hub's final log, in its order: a post, or that a phase's deadline block has passed. */
export type Event = CeremonyMessage | { kind: 'deadline'; phase: Phase };

/** A member that fell out, as dealer or receiver, and why: `disputed` is a dealer that was accused and not judged in time. */
export interface Departure {
  as: 'dealer' | 'receiver';
  member: MemberIndex;
  reason: 'silence' | 'bad-keys' | 'bad-commitments' | 'bad-shares' | 'convicted' | 'disputed';
}

/** Why a reshare failed; the old epoch goes on. Members that fell out before are in `departures`. */
export interface End {
  reason: 'too-few-dealers' | 'too-few-receivers' | 'silence' | 'split-finish';
  /** receivers, for the last two */
  culprits: MemberIndex[];
}

/**
 * All that the hub's log says about one attempt. Nothing in it is secret. `commitments`, `shares` and `verdicts` are by
 * number in the old roster, `keys`, `complaints` and `finishes` by number in the new one.
 */
export interface State {
  readonly parameters: Parameters;
  readonly phase: Phase;
  /** The members that still deal and those that still receive; from `finish` on, `dealers` is D. Ascending. */
  readonly dealers: readonly MemberIndex[];
  readonly receivers: readonly MemberIndex[];
  readonly departures: readonly Departure[];
  readonly keys: ReadonlyMap<MemberIndex, ReadonlyMap<MemberIndex, Uint8Array>>;
  readonly commitments: ReadonlyMap<MemberIndex, PolynomialCommitments>;
  readonly shares: ReadonlyMap<MemberIndex, ReadonlyMap<MemberIndex, Uint8Array>>;
  readonly complaints: ReadonlyMap<MemberIndex, readonly Complaint[]>;
  readonly verdicts: ReadonlyMap<MemberIndex, Verdict>;
  readonly finishes: ReadonlyMap<MemberIndex, Uint8Array>;
  readonly end?: End;
}

/** This node's part in a reshare; a node may be in both rosters, or in one. */
export interface Self {
  /** Its number in the old roster. It judges even when it has lost its share. */
  member?: MemberIndex;
  /** Its share of the old epoch, to deal from. */
  share?: KeyShare;
  /** Its number in the new roster. */
  receiver?: MemberIndex;
}

/** The message that a node must post now; with `finish` also the share that must be stored, sealed, before the post is sent. */
export type DuePost = Exclude<CeremonyMessage, FinishMessage> | (FinishMessage & { group: GroupKey; share: KeyShare });

/** The state of an attempt in which nobody has posted. @throws CryptoError `bad-parameters` */
export function start(parameters: Parameters): State {
  checkParameters(parameters);
  const none = new Map<never, never>();
  const empty = { keys: none, commitments: none, shares: none, complaints: none, verdicts: none, finishes: none };
  const dealers = oldMembers(parameters);
  const receivers = Array.from({ length: parameters.n }, (_, i) => i + 1);
  return { parameters, phase: 'keys', dealers, receivers, departures: [], ...empty };
}

/** Folds one event of the hub into the state; posts out of phase, of strangers, repeated or after the end change nothing. */
export function advance(state: State, event: Event): State {
  if (isOver(state)) return state;
  if (event.kind === 'deadline') return event.phase === state.phase ? closed(withoutSilent(state)) : state;
  if (event.kind !== state.phase || !awaited(state).includes(event.member)) return state;
  const posted = withPost(state, event);
  return awaited(posted).length === 0 || agreed(posted) !== null ? closed(posted) : posted;
}

/** The members whose post of the current phase is still missing. */
export function awaited(state: State): MemberIndex[] {
  return expected(state).filter((member) => !postsOf(state).has(member));
}

/**
 * The message that this node must post now, or null when nothing is expected of it (any more).
 *
 * @param seed 32 secret random bytes, stored sealed before the first post of this attempt
 * @throws CryptoError `bad-seed` when the keys or commitments on the hub are not those of `seed`; `bad-share` when `share`
 *   is not of the epoch that is reshared
 */
export async function due(state: State, { member, share, receiver }: Self, seed: Uint8Array): Promise<DuePost | null> {
  const { parameters, phase } = state;
  const { attemptId } = parameters;
  const awaits = (one: MemberIndex | undefined): one is MemberIndex =>
    one !== undefined && awaited(state).includes(one);
  switch (phase) {
    case 'keys': {
      if (!awaits(receiver)) return null;
      const keys = new Map<MemberIndex, Uint8Array>();
      for (const dealer of state.dealers)
        keys.set(dealer, (await shareKey(attemptId, dealer, receiver, seed)).publicKey);
      return { kind: 'keys', member: receiver, keys };
    }
    case 'commitments': {
      if (!share || !awaits(share.index)) return null;
      const { points } = redeal(parameters, share, seed).commitments;
      return { kind: 'commitments', member: share.index, points, proof: new Uint8Array() };
    }
    case 'shares':
      if (!share || !awaits(share.index)) return null;
      return { kind: 'shares', member: share.index, sealed: await sealedShares(state, share, seed) };
    case 'complaints':
      if (!awaits(receiver)) return null;
      return { kind: 'complaints', member: receiver, complaints: (await received(state, receiver, seed)).complaints };
    case 'verdict':
      if (!awaits(member)) return null;
      return { kind: 'verdict', member, ...(await verdict(state)) };
    case 'finish': {
      if (!awaits(receiver)) return null;
      const { shares } = await received(state, receiver, seed);
      const made = finish(parameters, commitmentsOfD(state), state.receivers, receiver, shares);
      return { kind: 'finish', member: receiver, transcript: outcomeOf(state), group: made.group, share: made };
    }
    case 'done':
    case 'ended':
      return null;
  }
}

/** The key of the new epoch, once D is fixed; the same for everybody who folds the log. */
export function resharedKey(state: State): GroupKey {
  return resharedGroup(state.parameters, commitmentsOfD(state), state.receivers);
}

/** keccak256 over attempt, D and every Y'_j: with it the new members confirm which outcome they hold shares of. */
export function outcomeOf(state: State): Uint8Array {
  const group = resharedKey(state);
  return keccak256(
    ascii('cpds/v1/reshare'),
    state.parameters.attemptId,
    u16(state.dealers.length),
    ...state.dealers.map(u16),
    u16(group.threshold),
    group.publicKey,
    u16(group.verificationShares.size),
    ...[...group.verificationShares].map(([j, point]) => concat(u16(j), point)),
  );
}

/** Judges the complaints; the result is the same for everybody who folds the log. */
export function verdict(state: State): Promise<Verdict> {
  return verdictOf(state.complaints, (accuser, { dealer, revealed }): ComplaintEvidence | null => {
    const published = state.keys.get(accuser)?.get(dealer);
    const sealed = state.shares.get(dealer)?.get(accuser);
    const commitments = state.commitments.get(dealer);
    if (!state.dealers.includes(dealer) || !published || !sealed || !commitments) return null;
    return { attemptId: state.parameters.attemptId, accuser, revealed, published, sealed, commitments };
  });
}

/** The members that post in a phase: those of the new roster, of the old roster, or the ones left of either. */
function expected(state: State): readonly MemberIndex[] {
  switch (state.phase) {
    case 'keys':
    case 'complaints':
    case 'finish':
      return state.receivers;
    case 'commitments':
    case 'shares':
      return state.dealers;
    case 'verdict':
      return oldMembers(state.parameters);
    case 'done':
    case 'ended':
      return [];
  }
}

function postsOf(state: State): ReadonlyMap<MemberIndex, unknown> {
  switch (state.phase) {
    case 'verdict':
      return state.verdicts;
    case 'finish':
      return state.finishes;
    case 'done':
    case 'ended':
      return new Map();
    default:
      return state[state.phase];
  }
}

function withPost(state: State, post: CeremonyMessage): State {
  const { member } = post;
  const add = <T>(posts: ReadonlyMap<MemberIndex, T>, value: T) => new Map(posts).set(member, value);
  switch (post.kind) {
    case 'keys':
      if (!areShareKeys(oldMembers(state.parameters), post.keys))
        return without(state, 'receiver', [member], 'bad-keys');
      return { ...state, keys: add(state.keys, post.keys) };
    case 'commitments': {
      const dealt = { dealer: member, points: post.points };
      if (!passes(() => checkRedealing(state.parameters, dealt)))
        return without(state, 'dealer', [member], 'bad-commitments');
      return { ...state, commitments: add(state.commitments, dealt) };
    }
    case 'shares':
      if (!areSealedShares(state.receivers, post.sealed)) return without(state, 'dealer', [member], 'bad-shares');
      return { ...state, shares: add(state.shares, post.sealed) };
    case 'complaints':
      return { ...state, complaints: add(state.complaints, post.complaints) };
    case 'verdict':
      return {
        ...state,
        verdicts: add(state.verdicts, { dealers: post.dealers, receivers: post.receivers }),
      };
    case 'finish':
      return { ...state, finishes: add(state.finishes, post.transcript) };
  }
}

/** The members that did not post by the deadline. They fall out, except in the last two phases, which have rules of their own. */
function withoutSilent(state: State): State {
  const { phase } = state;
  if (phase === 'verdict' || phase === 'finish') return state;
  const part = phase === 'commitments' || phase === 'shares' ? 'dealer' : 'receiver';
  return without(state, part, awaited(state), 'silence');
}

/** Ends the current phase and begins the next. */
function closed(state: State): State {
  if (state.phase === 'finish') return finished(state);
  const judged = state.phase === 'verdict' ? afterVerdict(state) : state;
  const { dealers, receivers, parameters } = judged;
  if (receivers.length < parameters.nMin) return ended(judged, 'too-few-receivers', []);
  if (dealers.length < parameters.old.threshold) return ended(judged, 'too-few-dealers', []);
  switch (state.phase) {
    case 'keys':
      return { ...judged, phase: 'commitments' };
    case 'commitments':
      return { ...judged, phase: 'shares' };
    case 'shares':
      return { ...judged, phase: 'complaints' };
    case 'complaints':
      if ([...judged.complaints.values()].some((list) => list.length > 0)) return { ...judged, phase: 'verdict' };
      return { ...judged, phase: 'finish', dealers: dealers.slice(0, parameters.old.threshold) };
    case 'verdict':
      return { ...judged, phase: 'finish', dealers: dealers.slice(0, parameters.old.threshold) };
    default:
      return judged;
  }
}

function agreed(state: State): Verdict | null {
  return state.phase === 'verdict' ? agreedVerdict(state.verdicts, state.parameters.old.threshold) : null;
}

/** Removes the members that t members of the old epoch convict; without such a verdict no accused dealer is used. */
function afterVerdict(state: State): State {
  const verdict = agreed(state);
  if (verdict === null) {
    const accused = [...state.complaints.values()].flatMap((list) => list.map(({ dealer }) => dealer));
    return without(state, 'dealer', ascending(accused), 'disputed');
  }
  return without(without(state, 'dealer', verdict.dealers, 'convicted'), 'receiver', verdict.receivers, 'convicted');
}

function finished(state: State): State {
  const silent = awaited(state);
  if (silent.length > 0) return ended(state, 'silence', silent);
  const outcome = outcomeOf(state);
  const split = [...state.finishes].filter(([, transcript]) => !equalBytes(transcript, outcome));
  if (split.length > 0)
    return ended(
      state,
      'split-finish',
      split.map(([member]) => member),
    );
  return { ...state, phase: 'done' };
}

/** The state without some dealers or receivers; members that left before are ignored. */
function without(
  state: State,
  as: Departure['as'],
  members: readonly MemberIndex[],
  reason: Departure['reason'],
): State {
  const part = as === 'dealer' ? 'dealers' : 'receivers';
  const leaving = state[part].filter((member) => members.includes(member));
  return {
    ...state,
    [part]: state[part].filter((member) => !leaving.includes(member)),
    departures: [...state.departures, ...leaving.map((member) => ({ as, member, reason }))],
  };
}

function ended(state: State, reason: End['reason'], culprits: MemberIndex[]): State {
  return { ...state, phase: 'ended', end: { reason, culprits } };
}

function isOver({ phase }: State): boolean {
  return phase === 'done' || phase === 'ended';
}

function oldMembers({ old }: Parameters): MemberIndex[] {
  return ascending(old.verificationShares.keys());
}

function commitmentsOfD(state: State): PolynomialCommitments[] {
  return state.dealers.map((dealer) => state.commitments.get(dealer)!);
}

async function sealedShares({ parameters, keys, receivers, commitments }: State, share: KeyShare, seed: Uint8Array) {
  const dealing = redeal(parameters, share, seed);
  const posted = commitments.get(share.index)!.points;
  if (dealing.commitments.points.some((point, k) => !equalBytes(point, posted[k]!)))
    throw new CryptoError('bad-seed', 'seed', "is not that of this dealer's commitments on the hub");
  const sealed = new Map<MemberIndex, Uint8Array>();
  for (const receiver of receivers) {
    const key = keys.get(receiver)!.get(share.index)!;
    sealed.set(receiver, await sealShare(parameters.attemptId, key, redealtShare(dealing, receiver)));
  }
  return sealed;
}

/** Opens and checks every share dealt to `receiver`; each failure becomes a complaint that reveals only the key for that dealer. */
async function received(state: State, receiver: MemberIndex, seed: Uint8Array) {
  const { attemptId } = state.parameters;
  const shares: DealtShare[] = [];
  const complaints: Complaint[] = [];
  for (const dealer of state.dealers) {
    const { privateKey, publicKey } = await shareKey(attemptId, dealer, receiver, seed);
    if (!equalBytes(publicKey, state.keys.get(receiver)!.get(dealer)!))
      throw new CryptoError('bad-seed', 'seed', "is not that of this receiver's keys on the hub");
    try {
      const sealed = state.shares.get(dealer)!.get(receiver)!;
      shares.push(await openShare(attemptId, state.commitments.get(dealer)!, receiver, privateKey, sealed));
    } catch (cause) {
      if (!(cause instanceof CryptoError)) throw cause;
      complaints.push({ dealer, revealed: privateKey });
    }
  }
  return { shares, complaints };
}
