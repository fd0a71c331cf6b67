/** Verifies every log, every anchor and every grant. Uses no Nest, no file and no clock, so it runs in a browser. */

import { to0x } from '@cpds/crypto/bytes';
import { readChains } from './chain-facts.js';
import { LogRefused, type Discrepancy } from './discrepancy.js';
import type { Fetch } from './log-source.js';
import type { Policy } from './policy.js';
import { checkAgainstChain, checkSteps, grantEvents, storyOf, type GrantStory } from './steps.js';
import { verifyAnchor, type VerifiedAnchor } from './verify-anchors.js';
import { verifyLog, type ReadLeaf, type VerifiedLog } from './verify-log.js';

/** One log's part of the result. */
export interface LogResult {
  readonly party: string;
  readonly origin: string;
  readonly url: string;
  readonly verifierKey: string;
  readonly size: number;
  readonly rootHex: string;
  /** Entries whose bytes were read and found in the tree; null without a token. */
  readonly entries: number | null;
  readonly anchors: readonly VerifiedAnchor[];
  readonly verified: boolean;
}

export interface Verification {
  readonly ok: boolean;
  readonly logs: readonly LogResult[];
  /** Grants whose steps were judged; empty when entries could not be read. */
  readonly grants: readonly (GrantStory & { readonly complete: boolean })[];
  /** Everything that does not hold, in the order logs, anchors, grants. */
  readonly discrepancies: readonly Discrepancy[];
  readonly first: Discrepancy | null;
}

/** Verifies everything that `policy` names. Never throws for a log's fault: it becomes a discrepancy. */
export async function verify(policy: Policy, fetch: Fetch = globalThis.fetch): Promise<Verification> {
  const discrepancies: Discrepancy[] = [];
  const results: LogResult[] = [];
  const sound: VerifiedLog[] = [];
  for (const log of policy.logs) {
    const { verified, anchors, faults } = await verifyOne(policy, log, fetch);
    discrepancies.push(...faults);
    if (verified !== null) sound.push(verified);
    results.push({
      party: log.party,
      origin: log.origin,
      url: log.url,
      verifierKey: log.verifierKey,
      size: verified?.size ?? 0,
      rootHex: verified === null ? '0x' : to0x(verified.root),
      entries: verified?.leaves?.length ?? null,
      anchors,
      verified: faults.length === 0,
    });
  }
  const grants = await judgeGrants(policy, sound, results, fetch, discrepancies);
  return { ok: discrepancies.length === 0, logs: results, grants, discrepancies, first: discrepancies[0] ?? null };
}

async function verifyOne(
  policy: Policy,
  log: Policy['logs'][number],
  fetch: Fetch,
): Promise<{ verified: VerifiedLog | null; anchors: VerifiedAnchor[]; faults: Discrepancy[] }> {
  try {
    const verified = await verifyLog(log, fetch);
    const anchors: VerifiedAnchor[] = [];
    const faults = [...verified.discrepancies];
    for (const place of policy.anchors.filter((anchor) => anchor.origin === log.origin)) {
      try {
        const checked = await verifyAnchor(place, verified, fetch);
        anchors.push(checked.anchor);
        faults.push(...checked.discrepancies);
      } catch (error) {
        faults.push({ code: 'chain-unreachable', party: log.party, message: wordsOf(error) });
      }
    }
    return { verified, anchors, faults };
  } catch (error) {
    if (!(error instanceof LogRefused)) throw error;
    return { verified: null, anchors: [], faults: [error.discrepancy] };
  }
}

async function judgeGrants(
  policy: Policy,
  logs: readonly VerifiedLog[],
  results: readonly LogResult[],
  fetch: Fetch,
  discrepancies: Discrepancy[],
): Promise<Verification['grants']> {
  // Without every log's entries a missing step would only mean a missing token.
  if (logs.length < policy.logs.length || logs.some((log) => log.leaves === null)) return [];
  let chains;
  try {
    chains = await readChains(policy, fetch);
  } catch (error) {
    discrepancies.push({ code: 'chain-unreachable', party: 'chains', message: wordsOf(error) });
    return [];
  }
  const byGrant = leavesByGrant(logs);
  const { expectations } = policy;
  const anchoredSizeOf = (party: string): number =>
    Math.min(...(results.find((log) => log.party === party)?.anchors.map((anchor) => anchor.size) ?? []));
  const expected = new Map(expectations.grants.map((grant) => [grant.grantId, grant.outcome]));
  const ids = new Set([...byGrant.keys(), ...chains.keys(), ...expected.keys()]);
  return [...ids].sort().map((grantId) => {
    const leaves = byGrant.get(grantId) ?? new Map<string, ReadLeaf[]>();
    const chain = chains.get(grantId);
    const story = storyOf(grantId, leaves, chain, expectations.hub);
    const wanted = expected.get(grantId);
    const outcomes = [...new Set([...story.outcomes, ...(wanted === undefined ? [] : [wanted])])];
    const faults = [
      ...checkSteps(story, leaves, { expectations, outcomes, anchoredSizeOf }),
      ...(policy.chains.length === 0 ? [] : checkAgainstChain(story, leaves, chain)),
    ];
    discrepancies.push(...faults);
    return { ...story, outcomes, complete: faults.length === 0 };
  });
}

/** Every grant that a hospital's or the hub's log mentions; leaves out correlations of requests and ceremonies. */
function leavesByGrant(logs: readonly VerifiedLog[]): Map<string, Map<string, ReadLeaf[]>> {
  const grants = new Map<string, Map<string, ReadLeaf[]>>();
  for (const log of logs)
    for (const leaf of log.leaves ?? []) {
      if (!/^0x[0-9a-f]{64}$/.test(leaf.correlation)) continue;
      const parties = grants.get(leaf.correlation) ?? new Map<string, ReadLeaf[]>();
      parties.set(log.party, [...(parties.get(log.party) ?? []), leaf]);
      grants.set(leaf.correlation, parties);
    }
  for (const [grantId, parties] of grants)
    if (![...parties.values()].flat().some((leaf) => grantEvents.has(leaf.type))) grants.delete(grantId);
  return grants;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
