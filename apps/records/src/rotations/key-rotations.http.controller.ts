import { Controller, Get } from '@nestjs/common';
import type { AgeIdentitiesView } from '@cpds/messages';
import { Scopes } from '@cpds/service';
import { KeyRotations } from './key-rotations.service.js';

/** The keys that open what is kept, for operators. */
@Controller('age-identities')
export class KeyRotationsHttpController {
  constructor(private readonly rotations: KeyRotations) {}

  /** Shows which age identities open what is kept, how far a rotation is, and which may be removed. */
  @Get()
  @Scopes('records.operate')
  view(): Promise<AgeIdentitiesView> {
    return this.rotations.view();
  }
}
