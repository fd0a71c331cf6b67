import { Controller, Get, Query } from '@nestjs/common';
import { missing, parse } from '@cpds/errors';
import { type Consistency, ConsistencyParameters, type Inclusion, InclusionParameters } from '@cpds/messages';
import { Open, Scopes } from '@cpds/service';
import { Proofs } from './proofs.service.js';

@Controller('proofs')
export class ProofsHttpController {
  constructor(private readonly proofs: Proofs) {}

  /**
   * Proves that an entry is in the log: entry, index, proof, and the checkpoint it is for.
   * Not public: an entry's place tells when something happened.
   */
  @Get('inclusion')
  @Scopes('audit.read')
  async inclusion(@Query() query: unknown): Promise<Inclusion> {
    const { producer, seq } = parse(InclusionParameters, query, 'query');
    const found = await this.proofs.inclusion(producer, seq);
    if (found === null) throw missing('entry-unknown', `seq ${seq} of ${producer} is not in the log`);
    return found;
  }

  /** Proves that the log of size `to` begins with the log of size `from` (RFC 6962). */
  @Get('consistency')
  @Open('facts')
  consistency(@Query() query: unknown): Promise<Consistency> {
    const { from, to } = parse(ConsistencyParameters, query, 'query');
    return this.proofs.consistency(from, to);
  }
}
