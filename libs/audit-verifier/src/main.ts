/**
 * `node main.js POLICY.json [--json]`: verifies what the policy names and exits with 0 when all of it holds, 1 when
 * a promise is broken, 2 when the policy cannot be read, 3 when a log or a chain gives no answer, 4 when one refuses the
 * auditor.
 */

import { run } from './program.js';

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
