/* global it */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';

it('draws names that nobody has', () => appendFileSync(process.env.CPDS_PLANTED, `name ${randomUUID()}\n`));
