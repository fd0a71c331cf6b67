/** StoremanRegistry's events and calldata, and the ceremony's own terms: a translation without decisions. */

import { fromHex, to0x } from '@cpds/crypto/bytes';
import { compressed, parsePoint, Point } from '@cpds/crypto/curve';
import type * as generation from '@cpds/crypto/generation';
import { StoremanRegistry, type StoremanRegistryEvent } from '@cpds/contracts';
import type { Hex } from '@cpds/messages';

/** Events of one attempt that the state machine folds; null for all others. */
export function ceremonyEventOf(event: StoremanRegistryEvent): generation.Event | null {
  switch (event.name) {
    case 'KeysPosted':
      return { kind: 'keys', member: Number(event.args.member), keys: byMember(event.args.hpkeKeys) };
    case 'CommitmentsPosted':
      return {
        kind: 'commitments',
        member: Number(event.args.member),
        // the registry has checked that they are on the curve
        points: event.args.points.map(({ x, y }) => compressed(Point.fromAffine({ x, y }))),
        proof: fromHex(event.args.proof, 'proof'),
      };
    case 'SharesPosted':
      return { kind: 'shares', member: Number(event.args.member), sealed: byMember(event.args.ciphertexts) };
    case 'ComplaintsPosted': {
      const { accused, secrets } = event.args;
      const complaints = accused.map((dealer, i) => ({
        dealer: Number(dealer),
        revealed: fromHex(secrets[i]!, 'secret', 32),
      }));
      return { kind: 'complaints', member: Number(event.args.member), complaints };
    }
    case 'VerdictPosted': {
      const { member, dealers, receivers } = event.args;
      return { kind: 'verdict', member: Number(member), dealers: membersOf(dealers), receivers: membersOf(receivers) };
    }
    default:
      return null;
  }
}

/** The members of a set as the registry writes it: bit i−1 stands for member i. */
export function membersOf(set: bigint): number[] {
  return Array.from({ length: 256 }, (_, i) => i + 1).filter((member) => (set >> BigInt(member - 1)) & 1n);
}

function setOf(members: readonly number[]): bigint {
  return members.reduce((set, member) => set | (1n << BigInt(member - 1)), 0n);
}

/** The transaction that makes a post, `n` being the size of the roster. */
export function calldataOf(attemptId: string, post: generation.DuePost, n: number): Hex {
  const { calldata } = StoremanRegistry;
  switch (post.kind) {
    case 'keys':
      return calldata.keys(attemptId, byPlace(post.keys, n));
    case 'commitments':
      return calldata.commitments(attemptId, post.points.map(words), to0x(post.proof));
    case 'shares':
      return calldata.shares(attemptId, byPlace(post.sealed, n));
    case 'complaints': {
      const accused = post.complaints.map(({ dealer }) => BigInt(dealer));
      return calldata.complaints(
        attemptId,
        accused,
        post.complaints.map(({ revealed }) => to0x(revealed)),
      );
    }
    case 'verdict':
      return calldata.verdict(attemptId, setOf(post.dealers), setOf(post.receivers));
    case 'finish': {
      const shares = Array.from({ length: n }, (_, i) => words(post.group.verificationShares.get(i + 1)!));
      return calldata.finish(attemptId, words(post.group.publicKey), shares, to0x(post.transcript));
    }
  }
}

function words(point: Uint8Array): { x: bigint; y: bigint } {
  const { x, y } = parsePoint(point, 'point').toAffine();
  return { x, y };
}

/** A list by identifier − 1 whose own place is empty, as a map without it. */
function byMember(list: readonly string[]): Map<number, Uint8Array> {
  return new Map(
    list.flatMap((entry, i): [number, Uint8Array][] => (entry === '0x' ? [] : [[i + 1, fromHex(entry, 'entry')]])),
  );
}

function byPlace(posted: ReadonlyMap<number, Uint8Array>, n: number): Hex[] {
  return Array.from({ length: n }, (_, i) => (posted.has(i + 1) ? to0x(posted.get(i + 1)!) : '0x'));
}
