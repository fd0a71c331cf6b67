import { Injectable } from '@nestjs/common';
import {
  SigningCoordinator,
  type SigningOutcome,
  type SigningRequest,
} from '../signing/signing-coordinator.service.js';
import type { DutyResult } from '../transfers/duties.js';
import { heldRow, type TransferRow } from '../transfers/transfer.row.js';

/** The sessions a hospital coordinates: Mint as B, NotMapped as A. A signature moves the row and is stored with it. */
@Injectable()
export class SigningDuties {
  constructor(private readonly coordinator: SigningCoordinator) {}

  /** Prepares a session to save time; the signature does not need it. */
  async openMint(row: TransferRow): Promise<DutyResult> {
    const { culprits } = await this.coordinator.prepare(requestOf(row, 'mint'));
    return { done: true, culprits };
  }

  async mint(row: TransferRow): Promise<DutyResult> {
    const outcome = await this.coordinator.sign(requestOf(row, 'mint'));
    if (outcome.outcome === 'unsigned') return waiting(outcome, 'the storemen to sign the mint');
    return {
      done: true,
      event: { type: 'mint-signed' },
      patch: { mintSignature: outcome.signature },
      culprits: outcome.culprits,
    };
  }

  async notMapped(row: TransferRow): Promise<DutyResult> {
    const outcome = await this.coordinator.sign(requestOf(row, 'not-mapped'));
    if (outcome.outcome === 'signed')
      return {
        done: true,
        event: { type: 'not-mapped-signed' },
        patch: { notMappedSignature: outcome.signature },
        culprits: outcome.culprits,
      };
    const mapped = outcome.answers.filter(({ answer }) => answer.verdict === 'mapped');
    if (mapped.length >= outcome.threshold)
      return { done: true, event: { type: 'seen-mapped' }, culprits: outcome.culprits };
    return waiting(outcome, 'the storemen to sign that nothing was mapped');
  }
}

function requestOf(row: TransferRow, action: SigningRequest['action']): SigningRequest {
  const { grantId, homeUid, grant, capsule } = heldRow(row);
  return { action, grantId, homeUid, grant, ...(action === 'mint' && capsule ? { capsule } : {}) };
}

function waiting(outcome: Extract<SigningOutcome, { outcome: 'unsigned' }>, forWhat: string): DutyResult {
  const said = [
    ...outcome.answers.map(({ from, answer }) => `${from} answers ${answer.verdict}`),
    ...outcome.reasons.map(({ from, reason }) => `${from} ${reason}`),
  ];
  return {
    done: false,
    culprits: outcome.culprits,
    waitsFor: said.length > 0 ? `${forWhat} (${said.join('; ')})` : forWhat,
  };
}
