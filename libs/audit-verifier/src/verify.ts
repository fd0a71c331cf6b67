/** Verifies every log, every anchor and every grant. Uses no Nest and no file, so it runs in a browser. */

import { to0x } from '@cpds/crypto/bytes';
import { readChains } from './chain-facts.js';
import { LogRefused, silentChain, silentLog, type Discrepancy, type Verdict, verdictOf } from './discrepancy.js';
import type { Policy } from './policy.js';
import { type Fetch, NoAnswer, type Pause, Requests } from './requests.js';
import { checkAgainstChain, checkSteps, grantEvents, storyOf, type GrantStory } from './steps.js';
import { type AnchorFacts, readAnchors, verifyAnchor, type VerifiedAnchor } from './verify-anchors.js';
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
  /** True when `verdict` is `holds`. */
  readonly ok: boolean;
  readonly verdict: Verdict;
  readonly logs: readonly LogResult[];
  /** Grants whose steps were judged; empty when entries could not be read. */
  readonly grants: readonly (GrantStory & { readonly complete: boolean })[];
  /** Everything that does not hold, in the order logs, anchors, grants. */
  readonly discrepancies: readonly Discrepancy[];
  readonly first: Discrepancy | null;
}

/**
 * Verifies everything that `policy` names. Never throws for a log's or a node's fault: it becomes a discrepancy.
 * `pause` waits between attempts of a request.
 */
export async function verify(policy: Policy, fetch: Fetch = globalThis.fetch, pause?: Pause): Promise<Verification> {
  const requests = new Requests(fetch, pause);
  const discrepancies: Discrepancy[] = [];
  const results: LogResult[] = [];
  const sound: VerifiedLog[] = [];
  for (const log of policy.logs) {
    const { verified, anchors, faults } = await verifyOne(policy, log, requests);
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
  const grants = await judgeGrants(policy, sound, results, requests, discrepancies);
  const verdict = verdictOf(discrepancies);
  return { ok: verdict === 'holds', verdict, logs: results, grants, discrepancies, first: discrepancies[0] ?? null };
}

async function verifyOne(
  policy: Policy,
  log: Policy['logs'][number],
  requests: Requests,
): Promise<{ verified: VerifiedLog | null; anchors: VerifiedAnchor[]; faults: Discrepancy[] }> {
  const { known, silence } = await anchorsOf(policy, log, requests);
  try {
    const verified = await verifyLog(log, requests);
    const checked = known.map(({ place, facts }) => verifyAnchor(place, facts, verified));
    return {
      verified,
      anchors: checked.map(({ anchor }) => anchor),
      faults: [...verified.discrepancies, ...checked.flatMap(({ discrepancies }) => discrepancies), ...silence],
    };
  } catch (error) {
    if (error instanceof LogRefused) return { verified: null, anchors: [], faults: [error.discrepancy, ...silence] };
    if (error instanceof NoAnswer)
      return { verified: null, anchors: [], faults: [silentLog(log.party, error), ...silence] };
    throw error;
  }
}

/** Read before the checkpoint: a log that grows and is anchored meanwhile would be accused of having been cut. */
async function anchorsOf(
  policy: Policy,
  log: Policy['logs'][number],
  requests: Requests,
): Promise<{ known: { place: Policy['anchors'][number]; facts: AnchorFacts }[]; silence: Discrepancy[] }> {
  const known: { place: Policy['anchors'][number]; facts: AnchorFacts }[] = [];
  const silence: Discrepancy[] = [];
  for (const place of policy.anchors.filter((anchor) => anchor.origin === log.origin)) {
    try {
      known.push({ place, facts: await readAnchors(place, requests) });
    } catch (error) {
      silence.push(awayOf(log.party, error));
    }
  }
  return { known, silence };
}

async function judgeGrants(
  policy: Policy,
  logs: readonly VerifiedLog[],
  results: readonly LogResult[],
  requests: Requests,
  discrepancies: Discrepancy[],
): Promise<Verification['grants']> {
  // Without every log's entries a missing step would only mean a missing token.
  if (logs.length < policy.logs.length || logs.some((log) => log.leaves === null)) return [];
  let chains;
  try {
    chains = await readChains(policy, requests);
  } catch (error) {
    discrepancies.push(awayOf('chains', error));
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

/** An answer that cannot be decoded is none: the node is wrong, and the log is not judged by it. */
function awayOf(party: string, error: unknown): Discrepancy {
  if (error instanceof NoAnswer) return silentChain(party, error);
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'chain-unreachable', party, message };
}
