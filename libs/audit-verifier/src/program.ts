/** The verifier as a program. */

import { readFileSync } from 'node:fs';
import { parseJson, toAppError } from '@cpds/errors';
import type { Verdict } from './discrepancy.js';
import { Policy } from './policy.js';
import type { Pause } from './requests.js';
import { verify, type Verification } from './verify.js';

/** What the program's end tells: a script that raises an alarm at 1 must not raise it because a node was away. */
export const exitCodes = {
  holds: 0,
  violation: 1,
  unusable: 2,
  unreachable: 3,
  unauthorised: 4,
} as const satisfies Record<Verdict | 'unusable', number>;

/** Where the program writes. */
export interface Outputs {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/**
 * Verifies what the policy file names and returns the exit code. `args` are `POLICY.json [--json]`; a policy that cannot
 * be read is 2, as is a fault of the verifier itself.
 */
export async function run(args: readonly string[], { out, err }: Outputs, pause?: Pause): Promise<number> {
  const [path, ...flags] = args;
  try {
    if (path === undefined) throw new Error('usage: main.js POLICY.json [--json]');
    const result = await verify(parseJson(Policy, readFileSync(path), 'policy'), globalThis.fetch, pause);
    out(flags.includes('--json') ? `${JSON.stringify(result, null, 2)}\n` : inWords(result));
    return exitCodes[result.verdict];
  } catch (error) {
    const { kind, message } = toAppError(error);
    err(`${kind === 'bug' && error instanceof Error ? error.message : message}\n`);
    return exitCodes.unusable;
  }
}

function inWords(result: Verification): string {
  const logs = result.logs.map((log) => {
    const anchors = log.anchors.map((anchor) => `${anchor.size} anchored at ${anchor.address}`).join(', ');
    return `${log.verified ? 'holds ' : 'FAILS '} ${log.origin}: ${log.size} entries${anchors && `, ${anchors}`}`;
  });
  const grants = result.grants.map(
    (grant) => `${grant.complete ? 'whole ' : 'BROKEN'} ${grant.grantId}: ${grant.outcomes.join(', ') || 'open'}`,
  );
  const faults = result.discrepancies.map(
    (fault) =>
      `${fault.code} (${fault.party}${fault.leafIndex === undefined ? '' : `, leaf ${fault.leafIndex}`}): ${fault.message}`,
  );
  return `${[...logs, ...grants, ...faults].join('\n')}\n`;
}
