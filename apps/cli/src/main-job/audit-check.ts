import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LogView } from '@cpds/messages';
import { AppError } from '@cpds/errors';
import { z } from 'zod';
import { gasAccount, localNumbers } from '../consortium/environment.js';
import type { World } from '../consortium/world.js';
import { waitFor } from './waiting.js';

/** One log of the report's `audit`. */
export interface AuditResult {
  readonly hospital: string;
  readonly url: string;
  readonly verifierKey: string;
  readonly size: number;
  readonly rootHex: string;
  readonly anchorTx: string | null;
  readonly verified: boolean;
}

/** The outcomes that a grant must have, for the verifier. */
export interface Expectation {
  readonly grantId: string;
  readonly outcome: 'shared' | 'released' | 'refunded' | 'revoked';
}

const parties = ['north', 'south', 'hub'] as const;

const Result = z.object({
  ok: z.boolean(),
  logs: z.array(z.object({ party: z.string(), size: z.number(), rootHex: z.string(), verified: z.boolean() }).loose()),
  discrepancies: z.array(
    z.object({ code: z.string(), party: z.string(), message: z.string(), grantId: z.string().optional() }).loose(),
  ),
});

/**
 * Waits until the logs stop growing, has each anchored, and verifies all three in a child process that knows a policy
 * file and nothing else.
 *
 * @throws AppError `audit-fails` names the first discrepancies
 */
export async function checkAudit(world: World, grants: readonly Expectation[]): Promise<AuditResult[]> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const logs = await anchorAll(world);
    const result = await verifyInChild(world, logs, grants);
    if (result.ok) return logs.map(({ party, view }) => auditResult(world, party, view, result.logs));
    // A step that is in the log but not under the anchor was logged while the log was being anchored: anchor again.
    const isYoung = result.discrepancies.every(({ code }) => code === 'step-unanchored' || code === 'step-missing');
    if (!isYoung || Date.now() > deadline) {
      const said = result.discrepancies
        .slice(0, 5)
        .map(({ code, party, message, grantId }) => `${code} at ${party}: ${message} (${grantId ?? ''})`);
      throw new AppError('audit-fails', 'conflict', `the logs do not verify: ${said.join('; ')}`);
    }
    await delay(1_000);
  }
}

interface AnchoredLog {
  readonly party: (typeof parties)[number];
  readonly view: LogView;
}

async function anchorAll(world: World): Promise<AnchoredLog[]> {
  return Promise.all(
    parties.map(async (party) => {
      const { size } = await world.audits[party].anchor();
      const view = await waitFor(`the anchor of ${party}'s log`, async () => {
        const now = await world.audits[party].log();
        return now.anchors.length > 0 && now.anchors.every((anchor) => anchor.state === 'final' && anchor.size >= size)
          ? now
          : null;
      });
      return { party, view };
    }),
  );
}

/** The child gets no environment: no credentials but the auditor's tokens in the policy. */
async function verifyInChild(world: World, logs: readonly AnchoredLog[], grants: readonly Expectation[]) {
  const policy = await policyOf(world, logs, grants);
  const path = join(world.consortium.dir, 'audit-policy.json');
  await writeFile(path, JSON.stringify(policy, null, 2), { mode: 0o600 });
  // Always the built file, also when a test runs this module from its source.
  const verifier = fileURLToPath(new URL('../../../../libs/audit-verifier/dist/main.js', import.meta.url));
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [verifier, path, '--json'], { env: {}, maxBuffer: 256 << 20 }, (_error, out, err) =>
      resolve({ stdout: out, stderr: err }),
    );
  });
  if (stdout === '') throw new AppError('audit-fails', 'bug', `the verifier did not run: ${stderr}`);
  return Result.parse(JSON.parse(stdout));
}

async function policyOf(
  { addresses, consortium, backends }: World,
  logs: readonly AnchoredLog[],
  grants: readonly Expectation[],
) {
  const { chains } = consortium.servers;
  const tokens = { north: await backends.north.auditor.token(), south: await backends.south.auditor.token() };
  /** The contract and account of a log's anchors: anybody may anchor under its origin, but only the audit process's account counts. */
  const anchorsOf = async ({ party, view }: AnchoredLog) => {
    const mine = { account: await gasAccount(consortium, `audit.${party}`), origin: view.origin };
    return [...new Set(['hub', party] as const)].map((chain) => ({
      rpc: chains[chain],
      address: addresses[chain].checkpointAnchor,
      ...mine,
    }));
  };
  return {
    logs: await Promise.all(
      logs.map(async ({ party, view }) => ({
        party,
        origin: view.origin,
        verifierKey: view.verifierKey,
        url: await consortium.urlOf(`audit.${party}`),
        token: party === 'hub' ? tokens.north : tokens[party],
      })),
    ),
    anchors: (await Promise.all(logs.map(anchorsOf))).flat(),
    chains: (['north', 'south'] as const).map((party) => ({
      party,
      rpc: chains[party],
      lockedAccounts: [addresses[party].lockedAccount],
      mappedDeeds: [addresses[party].mappedDeeds],
    })),
    expectations: {
      hub: 'hub',
      vouchesNeeded: localNumbers.vouchesNeeded,
      threshold: localNumbers.threshold,
      grants,
    },
  };
}

function auditResult(
  world: World,
  party: string,
  view: LogView,
  verified: z.infer<typeof Result>['logs'],
): AuditResult {
  const log = verified.find((one) => one.party === party);
  return {
    hospital: party,
    url: world.audits[party as 'hub'].url,
    verifierKey: view.verifierKey,
    size: log?.size ?? 0,
    rootHex: log?.rootHex ?? '0x',
    anchorTx: view.anchors.find(({ chain }) => chain === 'hub')?.transaction ?? null,
    verified: log?.verified ?? false,
  };
}
