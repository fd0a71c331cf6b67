/**
 * One key generation as a state machine over the hub's log (protocol section 3): `advance` folds what the hub recorded,
 * `due` says what this member must post next. Neither does I/O and neither remembers anything: a node that was killed
 * folds the log again, and its stored seed gives it the same keys and the same polynomial.
 *
 * What the hub has not recorded by a deadline does not exist, so every member that reads the same log reaches the same
 * state. Only `due` uses secrets. In this version an attempt that meets silence, a bad message or a complaint ends; a
 * new one starts without the culprits, with another id and so with fresh polynomials.
 */

import { ascii, equalBytes, toHex, u16 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { keccak256 } from '../hash.js';
import { checkHpkePublicKey, deriveHpkeKey, hpkeOpen, hpkePublicKey, hpkeSeal } from '../hpke.js';
import {
  checkCommitments,
  checkDealtShare,
  deal,
  dealtShares,
  finishGeneration,
  groupOf,
  shareContext,
  shareKeySeed,
} from './generation.js';
import type { DealerCommitments, DealtShare, GenerationParameters } from './generation.js';
import { memberName } from './group.js';
import type { GroupKey, KeyShare, MemberIndex } from './group.js';

/** The phases a generation passes, and how it ends. */
export type CeremonyPhase = 'keys' | 'commitments' | 'shares' | 'complaints' | 'finish' | 'done' | 'ended';

/** "This dealer's share is bad", with the one secret key that lets anybody check it, and no other share. */
export interface Complaint {
  dealer: MemberIndex;
  /** P-256 secret of the accuser's key for that dealer, 32 bytes. */
  revealed: Uint8Array;
}

/** One member's post of a phase. Maps have an entry per other member, none for the poster. */
export type CeremonyPost =
  | { kind: 'keys'; member: MemberIndex; keys: ReadonlyMap<MemberIndex, Uint8Array> }
  | { kind: 'commitments'; member: MemberIndex; points: Uint8Array[]; proof: Uint8Array }
  | { kind: 'shares'; member: MemberIndex; sealed: ReadonlyMap<MemberIndex, Uint8Array> }
  | { kind: 'complaints'; member: MemberIndex; complaints: readonly Complaint[] }
  | { kind: 'finish'; member: MemberIndex; transcript: Uint8Array };

/** What the hub shows, at finality and in its order: a post, or that a phase's deadline block has passed. */
export type CeremonyEvent = CeremonyPost | { kind: 'deadline'; phase: CeremonyPhase };

/** Why an attempt ended without a key, and who is to blame. */
export interface CeremonyEnd {
  reason: 'silence' | 'bad-keys' | 'bad-commitments' | 'bad-shares' | 'complaints' | 'split-finish';
  culprits: MemberIndex[];
}

/** All that the hub's log says about one attempt. Nothing in it is secret. */
export interface CeremonyState {
  readonly parameters: GenerationParameters;
  readonly phase: CeremonyPhase;
  readonly keys: ReadonlyMap<MemberIndex, ReadonlyMap<MemberIndex, Uint8Array>>;
  readonly commitments: ReadonlyMap<MemberIndex, DealerCommitments>;
  readonly shares: ReadonlyMap<MemberIndex, ReadonlyMap<MemberIndex, Uint8Array>>;
  readonly complaints: ReadonlyMap<MemberIndex, readonly Complaint[]>;
  readonly finishes: ReadonlyMap<MemberIndex, Uint8Array>;
  readonly end?: CeremonyEnd;
}

/** What a member must post now; with `finish` also the share that must be stored, sealed, before the post is sent. */
export type DuePost =
  | Exclude<CeremonyPost, { kind: 'finish' }>
  | { kind: 'finish'; member: MemberIndex; transcript: Uint8Array; group: GroupKey; share: KeyShare };

const order: readonly CeremonyPhase[] = ['keys', 'commitments', 'shares', 'complaints', 'finish', 'done'];

/** An attempt that stands and in which nobody has posted. */
export function startCeremony(parameters: GenerationParameters): CeremonyState {
  const none = new Map<never, never>();
  return { parameters, phase: 'keys', keys: none, commitments: none, shares: none, complaints: none, finishes: none };
}

/**
 * Folds one event of the hub into the state. The first post of a member in its phase counts; posts out of phase, of
 * strangers or after the end change nothing, as the hub would not have recorded them.
 */
export function advance(state: CeremonyState, event: CeremonyEvent): CeremonyState {
  if (state.phase === 'done' || state.phase === 'ended' || !isInPhase(state, event)) return state;
  if (event.kind === 'deadline') return ended(state, 'silence', silent(state));
  if (postsOf(state, state.phase).has(event.member)) return state;
  const next = withPost(state, event);
  if (next.phase === 'ended') return next;
  return postsOf(next, next.phase).size === next.parameters.n ? nextPhase(next) : next;
}

/** Who has not posted in the current phase. */
export function silent(state: CeremonyState): MemberIndex[] {
  const posted = postsOf(state, state.phase);
  return members(state.parameters).filter((member) => !posted.has(member));
}

/**
 * What `member` must post now, or null when nothing is expected of it (any more). Randomness enters only where shares
 * are sealed: everything else is the same each time it is asked, whatever happened in between.
 *
 * @param seed 32 secret random bytes, stored sealed before the first post of this attempt
 * @throws CryptoError `bad-seed` or `bad-commitments` when this member's keys or commitments on the hub are not those of
 *   `seed`: it would accuse honest dealers, or deal shares that convict it
 */
export async function due(state: CeremonyState, member: MemberIndex, seed: Uint8Array): Promise<DuePost | null> {
  const { parameters, phase } = state;
  if (phase === 'done' || phase === 'ended' || postsOf(state, phase).has(member)) return null;
  switch (phase) {
    case 'keys': {
      const keys = new Map<MemberIndex, Uint8Array>();
      for (const dealer of others(parameters, member))
        keys.set(dealer, (await keyFor(state, dealer, member, seed)).publicKey);
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
    case 'finish': {
      const { shares } = await receivedShares(state, member, seed);
      const share = finishGeneration(parameters, deal(parameters, member, seed), allCommitments(state), shares);
      return { kind: 'finish', member, transcript: transcriptOf(state), group: share.group, share };
    }
  }
}

/** The key of a generation whose commitments are complete; the same for whoever folds the log. */
export function generatedGroup(state: CeremonyState): GroupKey {
  return groupOf(state.parameters, allCommitments(state));
}

/**
 * Who lied, as any node decides it from the log: the dealer when the revealed key opens a message that is no share on
 * the dealer's commitments, or none at all; otherwise the accuser, also when the revealed secret is not that of the
 * published key.
 */
export async function judgeComplaint(
  state: CeremonyState,
  accuser: MemberIndex,
  complaint: Complaint,
): Promise<MemberIndex> {
  const { dealer, revealed } = complaint;
  const published = state.keys.get(accuser)?.get(dealer);
  const sealed = state.shares.get(dealer)?.get(accuser);
  const commitments = state.commitments.get(dealer);
  if (!published || !sealed || !commitments || !isSecretOf(revealed, published)) return accuser;
  try {
    await openShare(state, dealer, accuser, revealed, sealed);
    return accuser;
  } catch (cause) {
    if (cause instanceof CryptoError) return dealer;
    throw cause;
  }
}

/** Whom the complaints of an attempt convict, each judged by what it reveals: nobody is at fault for being accused. */
export async function convicted(state: CeremonyState): Promise<MemberIndex[]> {
  const found = new Set<MemberIndex>();
  for (const [accuser, list] of state.complaints)
    for (const complaint of list) found.add(await judgeComplaint(state, accuser, complaint));
  return [...found].sort((a, b) => a - b);
}

/** keccak256 over everything that was posted up to the shares, in order of members: all finish the same history. */
export function transcriptOf({ parameters, keys, commitments, shares }: CeremonyState): Uint8Array {
  const parts: Uint8Array[] = [ascii('cpds/v1/transcript'), parameters.attemptId];
  for (const member of members(parameters)) {
    const dealt = commitments.get(member);
    parts.push(u16(member), ...others(parameters, member).map((other) => keys.get(member)!.get(other)!));
    parts.push(...dealt!.points, dealt!.proof);
    // Sealed shares have one length, but that is for their readers to insist on: here each goes in as its hash.
    parts.push(...others(parameters, member).map((other) => keccak256(shares.get(member)!.get(other)!)));
  }
  return keccak256(...parts);
}

function isInPhase(state: CeremonyState, event: CeremonyEvent): boolean {
  if (event.kind === 'deadline') return event.phase === state.phase;
  return event.kind === state.phase && members(state.parameters).includes(event.member);
}

function withPost(state: CeremonyState, post: CeremonyPost): CeremonyState {
  const add = <T>(posts: ReadonlyMap<MemberIndex, T>, value: T) => new Map(posts).set(post.member, value);
  switch (post.kind) {
    case 'keys': {
      const next = { ...state, keys: add(state.keys, post.keys) };
      return areUsableKeys(state, post.member, post.keys) ? next : ended(next, 'bad-keys', [post.member]);
    }
    case 'commitments': {
      const dealt = { dealer: post.member, points: post.points, proof: post.proof };
      const next = { ...state, commitments: add(state.commitments, dealt) };
      return areUsableCommitments(state, dealt) ? next : ended(next, 'bad-commitments', [post.member]);
    }
    case 'shares': {
      const next = { ...state, shares: add(state.shares, post.sealed) };
      return isForAllOthers(state, post.member, post.sealed) ? next : ended(next, 'bad-shares', [post.member]);
    }
    case 'complaints':
      return { ...state, complaints: add(state.complaints, post.complaints) };
    case 'finish':
      return { ...state, finishes: add(state.finishes, post.transcript) };
  }
}

function nextPhase(state: CeremonyState): CeremonyState {
  if (state.phase === 'complaints') {
    const both = [...state.complaints].flatMap(([accuser, list]) => list.flatMap((one) => [accuser, one.dealer]));
    // Without a verdict both sides leave (protocol section 3).
    if (both.length > 0)
      return ended(
        state,
        'complaints',
        [...new Set(both)].sort((a, b) => a - b),
      );
  }
  if (state.phase === 'finish') {
    const expected = transcriptOf(state);
    const split = [...state.finishes]
      .filter(([, transcript]) => !equalBytes(transcript, expected))
      .map(([member]) => member);
    if (split.length > 0) return ended(state, 'split-finish', split);
  }
  return { ...state, phase: order[order.indexOf(state.phase) + 1]! };
}

function ended(state: CeremonyState, reason: CeremonyEnd['reason'], culprits: MemberIndex[]): CeremonyState {
  return { ...state, phase: 'ended', end: { reason, culprits } };
}

/**
 * One key for every other dealer, each an uncompressed point on the curve, none twice in this post. Another member's posts
 * do not count: who copies a key from a transaction on its way would put out the one it belongs to.
 */
function areUsableKeys(state: CeremonyState, member: MemberIndex, keys: ReadonlyMap<MemberIndex, Uint8Array>): boolean {
  if (!isForAllOthers(state, member, keys)) return false;
  const list = [...keys.values()];
  if (new Set(list.map(toHex)).size !== list.length) return false;
  return list.every((key) => passes(() => checkHpkePublicKey(key, 'keys', memberName(member))));
}

/** Acceptable on their own, and no constant term that another dealer has posted before. */
function areUsableCommitments(state: CeremonyState, dealt: DealerCommitments): boolean {
  if (!passes(() => checkCommitments(state.parameters, dealt))) return false;
  return ![...state.commitments.values()].some((earlier) => equalBytes(earlier.points[0]!, dealt.points[0]!));
}

function isForAllOthers(state: CeremonyState, member: MemberIndex, posted: ReadonlyMap<MemberIndex, unknown>): boolean {
  const expected = others(state.parameters, member);
  return posted.size === expected.length && expected.every((other) => posted.has(other));
}

async function sealedShares(state: CeremonyState, member: MemberIndex, seed: Uint8Array) {
  const { parameters, keys } = state;
  const sealed = new Map<MemberIndex, Uint8Array>();
  for (const { receiver, share } of dealtShares(parameters, deal(parameters, member, seed), allCommitments(state))) {
    const context = shareContext(parameters.attemptId, member, receiver);
    sealed.set(receiver, await hpkeSeal(keys.get(receiver)!.get(member)!, context, share));
  }
  return sealed;
}

/** Opens and checks every share dealt to `member`; what fails becomes a complaint that reveals that dealer's key only. */
async function receivedShares(state: CeremonyState, member: MemberIndex, seed: Uint8Array) {
  await checkOwnKeys(state, member, seed);
  const shares: DealtShare[] = [];
  const complaints: Complaint[] = [];
  for (const dealer of others(state.parameters, member)) {
    const { privateKey } = await keyFor(state, dealer, member, seed);
    try {
      shares.push(await openShare(state, dealer, member, privateKey, state.shares.get(dealer)!.get(member)!));
    } catch (cause) {
      if (!(cause instanceof CryptoError)) throw cause;
      complaints.push({ dealer, revealed: privateKey });
    }
  }
  return { shares, complaints };
}

async function checkOwnKeys(state: CeremonyState, member: MemberIndex, seed: Uint8Array): Promise<void> {
  for (const [dealer, posted] of state.keys.get(member)!)
    if (!equalBytes((await keyFor(state, dealer, member, seed)).publicKey, posted))
      throw new CryptoError('bad-seed', 'seed', "is not that of this member's keys on the hub");
}

async function openShare(
  state: CeremonyState,
  dealer: MemberIndex,
  receiver: MemberIndex,
  privateKey: Uint8Array,
  sealed: Uint8Array,
): Promise<DealtShare> {
  const share = await hpkeOpen(privateKey, shareContext(state.parameters.attemptId, dealer, receiver), sealed);
  const dealt = { dealer, receiver, share };
  checkDealtShare(state.commitments.get(dealer)!, dealt);
  return dealt;
}

function keyFor({ parameters }: CeremonyState, dealer: MemberIndex, receiver: MemberIndex, seed: Uint8Array) {
  return deriveHpkeKey(shareKeySeed(parameters.attemptId, dealer, receiver, seed));
}

function isSecretOf(secret: Uint8Array, published: Uint8Array): boolean {
  try {
    return equalBytes(hpkePublicKey(secret), published);
  } catch (cause) {
    if (cause instanceof CryptoError) return false;
    throw cause;
  }
}

function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (cause) {
    if (cause instanceof CryptoError) return false;
    throw cause;
  }
}

function postsOf(state: CeremonyState, phase: CeremonyPhase): ReadonlyMap<MemberIndex, unknown> {
  switch (phase) {
    case 'finish':
      return state.finishes;
    case 'done':
    case 'ended':
      return new Map();
    default:
      return state[phase];
  }
}

function allCommitments(state: CeremonyState): DealerCommitments[] {
  return members(state.parameters).map((member) => state.commitments.get(member)!);
}

function members({ n }: GenerationParameters): MemberIndex[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

function others(parameters: GenerationParameters, member: MemberIndex): MemberIndex[] {
  return members(parameters).filter((other) => other !== member);
}
