import { type Bus, JetStreamStrategy } from '@cpds/bus';
import { parse } from '@cpds/errors';
import { type InclusionAnswer, InclusionQuery, ReceiptQuery, type Receipted } from '@cpds/messages';
import type { z } from 'zod';
import type { AuditLog } from '../log/log.service.js';
import type { Proofs } from './proofs.service.js';

/**
 * Requests of the own hospital. Events come through `EventsConsumer`, which takes many at once; so this transport has
 * requests only and is started here, not by the service's shell.
 */
export class ProofsBus {
  private readonly strategy: JetStreamStrategy;

  constructor(
    bus: Bus,
    private readonly log: AuditLog,
    private readonly proofs: Proofs,
    onFailure: (subject: string, error: unknown) => void,
  ) {
    this.strategy = new JetStreamStrategy({ bus, service: 'audit', onFailure });
    this.strategy.addHandler('audit.receipt', (body: unknown) => this.receipt(body));
    this.strategy.addHandler('audit.inclusion', (body: unknown) => this.inclusion(body));
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      void this.strategy.listen((error) => (error === undefined ? resolve() : reject(error as Error)));
    });
  }

  stop(): Promise<void> {
    return this.strategy.close();
  }

  private receipt(body: unknown): Promise<Receipted> {
    return this.log.receiptOf(parse(ReceiptQuery, body, 'receipt query').producer);
  }

  private inclusion(body: unknown): Promise<z.infer<typeof InclusionAnswer>> {
    const { producer, seq, anchored } = parse(InclusionQuery, body, 'inclusion query');
    return anchored ? this.proofs.anchoredInclusion(producer, seq) : this.proofs.inclusion(producer, seq);
  }
}
