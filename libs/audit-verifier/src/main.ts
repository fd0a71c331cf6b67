/**
 * `node main.js POLICY.json [--json]`: verifies what the policy names and exits with 0 when all of it holds, 1 when
 * something does not, 2 when the policy cannot be read.
 */

import { readFileSync } from 'node:fs';
import { parseJson, toAppError } from '@cpds/errors';
import { Policy } from './policy.js';
import { verify, type Verification } from './verify.js';

const [path, ...flags] = process.argv.slice(2);

try {
  if (path === undefined) throw new Error('usage: main.js POLICY.json [--json]');
  const result = await verify(parseJson(Policy, readFileSync(path), 'policy'));
  process.stdout.write(flags.includes('--json') ? `${JSON.stringify(result, null, 2)}\n` : inWords(result));
  process.exitCode = result.ok ? 0 : 1;
} catch (error) {
  const { kind, message } = toAppError(error);
  process.stderr.write(`${kind === 'bug' && error instanceof Error ? error.message : message}\n`);
  process.exitCode = 2;
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
