import { Global, Module } from '@nestjs/common';
import { CoordinatorOptions, SigningCoordinator } from './signing-coordinator.service.js';

/** Milliseconds that a round of a session is waited for; t storemen are asked first, the others after the second figure. */
const options: CoordinatorOptions = { roundTimeoutMs: 4_000, othersAfterMs: 700 };

/** The hospital's side of signing. */
@Global()
@Module({
  providers: [SigningCoordinator, { provide: CoordinatorOptions, useValue: options }],
  exports: [SigningCoordinator],
})
export class CoordinatorModule {}
