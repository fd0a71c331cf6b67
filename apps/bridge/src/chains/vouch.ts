/** What a voucher vouches for, and when. Pure (protocol section 7, lines of role V). */

import type { VouchStruct } from '@cpds/contracts';
import { ascii, fromHex, to0x, u64 } from '@cpds/crypto/bytes';
import { keccak256 } from '@cpds/crypto/hash';
import type { Hex } from '@cpds/messages';
import type { Facts } from '../transfers/facts.js';

/** A final lock as its own chain shows it. */
export interface LockSeen {
  homeUid: string;
  lockedAccount: string;
  destinationUid: string;
  grantId: string;
  /** of the event Locked */
  ringHash: string;
  /** the block that holds the lock */
  block: { number: number; hash: string };
}

/** digest = keccak256("cpds/v1/vouch" ‖ homeUid ‖ LockedAccount ‖ grantId ‖ ringHash ‖ u64 lock block ‖ its hash). */
export function vouchDigest(lock: LockSeen): Hex {
  return to0x(
    keccak256(
      ascii('cpds/v1/vouch'),
      fromHex(lock.homeUid, 'homeUid', 32),
      fromHex(lock.lockedAccount, 'lockedAccount', 20),
      fromHex(lock.grantId, 'grantId', 32),
      fromHex(lock.ringHash, 'ringHash', 32),
      u64(lock.block.number),
      fromHex(lock.block.hash, 'blockHash', 32),
    ),
  );
}

/** The vouch as the ledger takes it. */
export function vouchOf(lock: LockSeen): VouchStruct {
  const { homeUid, lockedAccount, destinationUid, grantId, ringHash, block } = lock;
  return {
    homeUid,
    lockedAccount,
    destinationUid,
    grantId,
    ringHash,
    blockNumber: BigInt(block.number),
    blockHash: block.hash,
  };
}

/**
 * Whether to vouch now: yes Locked (final and still at the head), and no vouch stands yet. The reason is for
 * `transfer show`.
 */
export function vouchFault(facts: Facts): string | null {
  if (!facts.home) return 'the home chain to be reliable';
  if (facts.home.final.status !== 'locked' || !facts.home.written) return 'the lock to be final';
  if (facts.home.head.status !== 'locked') return 'the lock, which the head does not show any more';
  if (!facts.hub?.fresh) return "the hub's head to be fresh";
  return null;
}
