import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parse } from '@cpds/errors';
import {
  type InclusionAnswer,
  InclusionQuery,
  type LeavesAnswer,
  LeavesQuery,
  type ReceiptAnswer,
  ReceiptQuery,
} from '@cpds/messages';
import type { z } from 'zod';
import { AuditLog } from '../log/log.service.js';
import { Proofs } from './proofs.service.js';

/** What services of the own hospital ask. Events come through `EventsConsumer`, which takes many at once. */
@Controller()
export class ProofsBusController {
  constructor(
    private readonly log: AuditLog,
    private readonly proofs: Proofs,
  ) {}

  @MessagePattern('audit.receipt')
  receipt(@Payload() body: unknown): Promise<ReceiptAnswer> {
    return this.log.receipts.of(parse(ReceiptQuery, body, 'receipt query'));
  }

  @MessagePattern('audit.leaves')
  leaves(@Payload() body: unknown): Promise<LeavesAnswer> {
    return this.log.receipts.leavesOf(parse(LeavesQuery, body, 'leaves query'));
  }

  @MessagePattern('audit.inclusion')
  inclusion(@Payload() body: unknown): Promise<z.infer<typeof InclusionAnswer>> {
    const { producer, seq, anchored } = parse(InclusionQuery, body, 'inclusion query');
    return anchored ? this.proofs.anchoredInclusion(producer, seq) : this.proofs.inclusion(producer, seq);
  }
}
