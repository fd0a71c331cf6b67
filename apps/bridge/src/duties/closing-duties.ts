import type { Call } from '@cpds/chain';
import { LockedAccount, MappedDeeds, toGrantData } from '@cpds/contracts';
import { Injectable } from '@nestjs/common';
import { ChainSet } from '../chains/chain-set.js';
import type { DutyResult } from '../transfers/duties.js';
import { sendKeys } from '../transfers/facts.js';
import { heldRow, type TransferRow } from '../transfers/transfer.row.js';

/** Sends a closing under the statement's own authority: A on its chain, B on its chain, a storeman late on both. */
@Injectable()
export class ClosingDuties {
  constructor(private readonly chains: ChainSet) {}

  closeHome(row: TransferRow): Promise<DutyResult> {
    return this.close(row, row.homeUid);
  }

  closeDestination(row: TransferRow): Promise<DutyResult> {
    return this.close(row, row.destinationUid);
  }

  private async close(row: TransferRow, chainUid: string): Promise<DutyResult> {
    const { grantId, grant } = heldRow(row);
    if (!row.statement) return { done: true };
    const { kind, signature } = row.statement;
    const data = toGrantData(grant);
    const method = kind === 'revoke' ? 'revoke' : 'giveBack';
    const call: Call =
      chainUid === row.homeUid
        ? { to: grant.lockedAccount, data: LockedAccount.calldata[method](data, signature) }
        : { to: grant.mappedDeeds, data: MappedDeeds.calldata[method](row.homeUid, data, signature) };
    const outcome = await this.chains.senderOf(chainUid).submit(sendKeys.close(grantId, kind, chainUid), call);
    return { done: false, waitsFor: `the ${kind} to be final (${outcome.state})` };
  }
}
