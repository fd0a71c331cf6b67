/** A small service as a process of its own, for tests of how a process starts and stops. */

import type { Readable } from 'node:stream';
import { Controller, Post, Req } from '@nestjs/common';
import { Changes, outboxMigrations } from '@cpds/outbox';
import { Open } from '../access.js';
import { commonConfig } from '../config.js';
import { busModule, outboxModule, storeModule } from '../modules.js';
import { startService } from '../start-service.js';

@Controller()
class Doors {
  constructor(private readonly changes: Changes) {}

  /** Answers once its caller has sent all, which lets a test say how long a request takes. */
  @Post('upload')
  @Open('facts')
  async upload(@Req() { body }: { body: Readable }): Promise<{ bytes: number }> {
    let bytes = 0;
    for await (const piece of body) bytes += (piece as Buffer).length;
    return { bytes };
  }

  /** Commits an event. */
  @Post('told')
  @Open('facts')
  async tell(): Promise<void> {
    await this.changes.tell({
      type: 'records.object-stored.v1',
      correlation: 'r-1',
      details: { by: 'service:drawer' },
    });
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
