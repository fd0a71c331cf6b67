import { Global, Module } from '@nestjs/common';
import { CollectorOptions, ReleaseCollector } from './release-collector.service.js';

/** Milliseconds that a storeman's release is waited for; t storemen are asked first, the others after the second figure. */
const options: CollectorOptions = { timeoutMs: 4_000, othersAfterMs: 700 };

/** The hospital's side of a release. */
@Global()
@Module({
  providers: [ReleaseCollector, { provide: CollectorOptions, useValue: options }],
  exports: [ReleaseCollector],
})
export class CollectorModule {}
