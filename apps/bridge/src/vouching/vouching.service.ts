import { TransferLedger } from '@cpds/contracts';
import { events } from '@cpds/messages';
import { Agreement, Changes, told } from '@cpds/outbox';
import { Injectable } from '@nestjs/common';
import { ChainSet } from '../chains/chain-set.js';
import { HubContracts } from '../chains/consortium-reader.js';
import { GrantFacts } from '../chains/grant-facts.js';
import { vouchDigest, vouchFault, vouchOf } from '../chains/vouch.js';
import type { DutyResult } from '../transfers/duties.js';
import { factsQuery, sendKeys, type Facts } from '../transfers/facts.js';
import { heldRow, type TransferRow } from '../transfers/transfer.row.js';

/** A voucher's only duty: says on the hub which lock it saw final on the home chain, once per grant. */
@Injectable()
export class VouchingService {
  constructor(
    private readonly changes: Changes,
    private readonly agreement: Agreement,
    private readonly chains: ChainSet,
    private readonly facts: GrantFacts,
    private readonly contracts: HubContracts,
  ) {}

  /** The vouch and its event commit together; the sender carries on from there, whatever happens to this process. */
  async vouch(row: TransferRow, facts: Facts): Promise<DutyResult> {
    const fault = vouchFault(facts);
    if (fault !== null) return { done: false, waitsFor: fault };
    const hub = this.chains.hub;
    const lock = await this.facts.lockSeen(factsQuery(heldRow(row)));
    if (!hub || !lock) return { done: false, waitsFor: 'the lock to be final' };
    const digest = vouchDigest(lock);
    const key = sendKeys.vouch(lock.grantId, digest);
    const sender = this.chains.senderOf(hub.chainUid);
    const earlier = await sender.outcome(key);
    if (earlier === null || earlier.state === 'refused') {
      await this.agreement.require();
      await this.changes.commit(async (tx) => {
        await sender.enqueue(tx, key, {
          to: this.contracts.transferLedger,
          data: TransferLedger.calldata.vouch(vouchOf(lock)),
        });
        return told({
          type: events.vouchSent,
          correlation: lock.grantId,
          details: { digest, homeUid: lock.homeUid, block: lock.block.number, blockHash: lock.block.hash },
        });
      });
    }
    const said = earlier?.state === 'refused' ? ` (refused: ${earlier.revert?.name ?? 'no reason given'})` : '';
    return { done: false, waitsFor: `the own vouch to be final${said}` };
  }
}
