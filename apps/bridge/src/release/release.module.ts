import { Global, Module } from '@nestjs/common';
import { ReleaseService } from './release.service.js';

/** The storeman's side of a release. */
@Global()
@Module({ providers: [ReleaseService], exports: [ReleaseService] })
export class ReleaseModule {}
