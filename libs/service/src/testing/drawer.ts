/** A small service as a process of its own, for tests of how a process starts and stops. */

import type { Readable } from 'node:stream';
import { Controller, Post, Req } from '@nestjs/common';
import { outboxMigrations } from '@cpds/outbox';
import { Open } from '../access.js';
import { commonConfig } from '../config.js';
import { busModule, outboxModule, storeModule } from '../modules.js';
import { startService } from '../start-service.js';

@Controller()
class Doors {
  /** Answers once its caller has sent all, which lets a test say how long a request takes. */
  @Post('upload')
  @Open('facts')
  async upload(@Req() { body }: { body: Readable }): Promise<{ bytes: number }> {
    let bytes = 0;
    for await (const piece of body) bytes += (piece as Buffer).length;
    return { bytes };
  }
}

await startService({
  name: 'drawer',
  config: commonConfig,
  transport: 'none',
  module: (context) => ({
    module: class App {},
    imports: [
      storeModule(context, { entities: [], migrations: outboxMigrations, retention: [] }),
      busModule(context),
      outboxModule(context),
    ],
    controllers: [Doors],
  }),
});
