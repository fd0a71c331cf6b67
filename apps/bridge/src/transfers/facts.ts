/**
 * The facts that a role has of one grant at one moment, read from the chains. Pure data: `GrantFacts` in `../chains/`
 * gathers it, `transfer.ts` decides on it.
 *
 * "Yes needs finality, no needs a glance" (protocol section 7): a `final` field is read at the final block of the node's
 * own client and may allow; a `head` field is read at the head and may only forbid. A chain that cannot be relied on
 * (unreachable, stale head, two endpoints that differ) is absent as a whole, so that nothing can be allowed from it.
 */

import type { Grant } from '@cpds/messages';

/** LockedAccount's status of a grant. `expired` is computed from time, never stored. */
export type LockStatus = 'none' | 'locked' | 'refunded' | 'revoked' | 'given-back' | 'void';

/** MappedDeeds' status of a grant. */
export type MappingStatus = 'none' | 'mapped' | 'revoked' | 'given-back' | 'void';

/** A block by number and hash (0x, 32 bytes), with its timestamp in seconds. */
export interface BlockRef {
  number: number;
  hash: string;
  timestamp: number;
}

/** One hospital's chain, for one grant. */
export interface ChainFacts<Status> {
  head: { block: BlockRef; status: Status };
  final: { block: BlockRef; status: Status };
  /** block and transaction of the lock or the mapping, once final */
  written?: { block: BlockRef; tx: string };
  /** the close that was seen at head or final, for the record */
  closeTx?: string;
}

/** The home chain also tells whether the grant's tag has been used, by any grant (at final). */
export interface HomeFacts extends ChainFacts<LockStatus> {
  tagUsed: boolean;
}

/** The hub, for one grant. */
export interface HubFacts {
  finalTime: number;
  /** at the last final block: v distinct bonded vouchers gave the digest that matches the lock's own block and ring */
  vouched: boolean;
  /** at the last final block: this node's own vouch stands (false for other roles) */
  ownVouch: boolean;
  /** at head: home or destination is paused */
  paused: boolean;
  /** false while the hub's head is stale: enough for release and revoke, not for vouch and mint */
  fresh: boolean;
}

/** The outcome of a transaction that this process sent; `missing` when it was never submitted or was cancelled. */
export type SentOutcome = 'missing' | 'pending' | 'final' | 'reverted';

export interface Facts {
  /** own clock, seconds */
  now: number;
  /** absent while the chain cannot be relied on, or if this role does not read it */
  home?: HomeFacts;
  destination?: ChainFacts<MappingStatus>;
  hub?: HubFacts;
  lockTx: SentOutcome;
  mintTx: SentOutcome;
  refundTx: SentOutcome;
}

/** Outcomes of the transactions that this process sent for a row. */
export type SentFacts = Pick<Facts, 'lockTx' | 'mintTx' | 'refundTx'>;

export const sentNothing: SentFacts = { lockTx: 'missing', mintTx: 'missing', refundTx: 'missing' };

/** Seconds: the earliest clock that could call a grant over (protocol section 7, "Clocks"): the furthest-ahead one. */
export function earliestClock(facts: Facts): number {
  return Math.max(facts.now, facts.home?.head.block.timestamp ?? 0, facts.destination?.head.block.timestamp ?? 0);
}

/** True when every chain that the role reads could be relied on. */
export function sawAllChains(role: FactsQuery['role'], facts: Facts): boolean {
  const readsDestination = role === 'B' || role === 'S';
  return (
    facts.home !== undefined && facts.hub?.fresh === true && (!readsDestination || facts.destination !== undefined)
  );
}

/**
 * What `GrantFacts.gather(query): Promise<Facts>` (`../chains/grant-facts.ts`) is asked with. It reads the chains that
 * the role reads: A home and hub; B, V and S home, destination and hub (V no destination).
 */
export interface FactsQuery {
  role: 'A' | 'B' | 'V' | 'S';
  grantId: string;
  homeUid: string;
  destinationUid: string;
  lockedAccount: string;
  mappedDeeds: string;
  /** compressed, as in the grant */
  tag: string;
}

/** The query for a grant, or for a row that holds one. */
export function factsQuery({
  role,
  grantId,
  homeUid,
  grant,
}: Pick<FactsQuery, 'role' | 'grantId' | 'homeUid'> & { grant: Grant }): FactsQuery {
  const { destinationUid, lockedAccount, mappedDeeds, tag } = grant;
  return { role, grantId, homeUid, destinationUid, lockedAccount, mappedDeeds, tag };
}

/** Keys of the sender's rows for a grant: one transaction per purpose, ever. */
export const sendKeys = {
  lock: (grantId: string, attempt: number) => `lock:${grantId}:${attempt}`,
  mint: (grantId: string) => `mint:${grantId}`,
  refund: (grantId: string) => `refund:${grantId}`,
  close: (grantId: string, kind: string, chainUid: string) => `${kind}:${grantId}:${chainUid}`,
  vouch: (grantId: string, digest: string) => `vouch:${grantId}:${digest}`,
} as const;

/** Source of facts: the chains in a running node, a script in a test of the table. */
export abstract class FactsReader {
  /** Never throws for a chain that cannot be relied on: that chain is absent from the answer. */
  abstract gather(query: FactsQuery): Promise<Facts>;
}

/** Facts for an event that only its message decides. */
export function noFacts(): Facts {
  return { now: nowSeconds(), ...sentNothing };
}

/** Own clock, seconds since 1970. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
