/**
 * When a block is final and when a head is fresh (protocol section 7): pure rules, the same for everybody, recorded per
 * chain in ChainRegistry.
 */

import type { ChainStruct } from '@cpds/contracts';
import { unavailable } from '@cpds/errors';
import type { BlockRef } from './block.js';

export type Finality =
  /** A block is final when it exists (QBFT). */
  | { readonly kind: 'instant' }
  /** `depth` blocks and `depth`·blockSeconds older than the head: a burst of blocks alone finalises nothing. */
  | { readonly kind: 'depth'; readonly depth: number }
  /** The node's `finalized` tag; `depth` is its usual lag in blocks and enters `w` only. Never replaced by the head. */
  | { readonly kind: 'tag'; readonly depth: number };

export interface ChainRules {
  readonly finality: Finality;
  readonly blockSeconds: number;
  /** A head older than this, in seconds, means `unavailable`. */
  readonly maxHeadAgeSeconds: number;
}

/**
 * How blocks of a chain become final, as ChainRegistry holds it.
 *
 * @throws AppError `chain-unregistered` (unavailable): an empty entry must never be read as "final at once"
 */
export function rulesOf(chain: ChainStruct): ChainRules {
  const depth = Number(chain.depth);
  const kinds = { Instant: { kind: 'instant' }, Depth: { kind: 'depth', depth }, Tag: { kind: 'tag', depth } } as const;
  if (chain.finality === 'None') throw unavailable('chain-unregistered', 'the hub says no finality for this chain');
  return {
    finality: kinds[chain.finality],
    blockSeconds: Number(chain.blockSeconds),
    maxHeadAgeSeconds: Number(chain.maxHeadAge),
  };
}

/** Nodes' clocks agree within this many seconds; a head further in the future is not believed. */
export const clockSkewSeconds = 30;

/** True when `block` is at least d blocks and d·blockSeconds older than `head`. */
export function isDeepEnough(block: BlockRef, head: BlockRef, depth: number, blockSeconds: number): boolean {
  return block.number <= head.number - depth && block.timestamp <= head.timestamp - depth * blockSeconds;
}

export type Freshness =
  { readonly fresh: true } | { readonly fresh: false; readonly why: 'head-too-old' | 'head-ahead-of-clock' };

/** Judges a head by the own clock (`nowSeconds`): a fact that allows an action may only be read at a fresh head. */
export function freshness(head: BlockRef, rules: ChainRules, nowSeconds: number): Freshness {
  if (head.timestamp - nowSeconds > clockSkewSeconds) return { fresh: false, why: 'head-ahead-of-clock' };
  if (nowSeconds - head.timestamp > rules.maxHeadAgeSeconds) return { fresh: false, why: 'head-too-old' };
  return { fresh: true };
}
