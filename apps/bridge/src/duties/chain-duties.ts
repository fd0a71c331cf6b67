import type { SendOutcome } from '@cpds/chain';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { LockedAccount, MappedDeeds, toGrantData, word } from '@cpds/contracts';
import { bug } from '@cpds/errors';
import { DeedAnswer, DeedQuery } from '@cpds/messages';
import { BusRequests } from '@cpds/bus';
import { Injectable } from '@nestjs/common';
import { ChainSet } from '../chains/chain-set.js';
import { GrantsService } from '../grants/grants.service.js';
import type { DutyResult } from '../transfers/duties.js';
import { sendKeys, sentNothing, type Facts, type SentFacts, type SentOutcome } from '../transfers/facts.js';
import { ringOf } from '../transfers/grant-checks.js';
import { OwnTransactions } from '../transfers/transfer-driver.js';
import { heldRow, type GroupSignature, type TransferReceipt, type TransferRow } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';

const done: DutyResult = { done: true };
const waiting = (waitsFor: string): DutyResult => ({ done: false, waitsFor });

/** Sends the transactions of A and B for a grant: lock and refund, mint; one per purpose, however often it is called. */
@Injectable()
export class HospitalChainDuties extends OwnTransactions {
  constructor(
    private readonly chains: ChainSet,
    private readonly transfers: TransfersService,
    private readonly grants: GrantsService,
    private readonly bus: BusRequests,
  ) {
    super();
  }

  /** Outcomes of this row's own transactions, for the facts that the table decides on. */
  async sent(row: TransferRow): Promise<SentFacts> {
    if (!row.grantId) return sentNothing;
    if (row.role === 'B')
      return { ...sentNothing, mintTx: await this.stateOf(row.destinationUid, sendKeys.mint(row.grantId)) };
    return {
      ...sentNothing,
      lockTx: await this.stateOf(row.homeUid, sendKeys.lock(row.grantId, row.lockResends)),
      refundTx: await this.stateOf(row.homeUid, sendKeys.refund(row.grantId)),
    };
  }

  /** Hash and gas of this row's own transactions, as far as they are mined for good. */
  async receipts(
    row: TransferRow,
  ): Promise<{ lock?: TransferReceipt; mint?: TransferReceipt; refund?: TransferReceipt }> {
    if (!row.grantId || (row.role !== 'A' && row.role !== 'B')) return {};
    if (row.role === 'B') return { mint: await this.receiptOf(row.destinationUid, sendKeys.mint(row.grantId)) };
    return {
      lock: await this.receiptOf(row.homeUid, sendKeys.lock(row.grantId, row.lockResends)),
      refund: await this.receiptOf(row.homeUid, sendKeys.refund(row.grantId)),
    };
  }

  /** Sends the lock with the expanded ring signature; again under another key after a revert. */
  async lock(row: TransferRow, facts: Facts): Promise<DutyResult> {
    const { grantId, grant } = heldRow(row);
    if (facts.lockTx === 'reverted') {
      await this.transfers.amend(row.id, (current) => {
        current.lockResends += 1;
      });
      return waiting('the lock to be sent again after a revert');
    }
    if (facts.lockTx === 'pending') return waiting('the lock to be final');
    const content = this.grants.packageOf(row);
    const x = to0x(fromHex(content.ownershipProof.deedKey, 'deedKey', 33).slice(1));
    const deed = await this.bus.ask('records.deed', DeedQuery, DeedAnswer, { x });
    if (!deed || !row.ringSignature) throw bug('no-deed', 'a consented grant has no deed or no ring signature');
    const witness = this.grants.witnessOf(grantId, ringOf(row.homeUid, grant, deed.xs), row.ringSignature);
    const outcome = await this.chains.senderOf(row.homeUid).submit(sendKeys.lock(grantId, row.lockResends), {
      to: grant.lockedAccount,
      data: LockedAccount.calldata.lock(
        toGrantData(grant),
        deed.cohort,
        deed.commitmentsHash,
        deed.xs.map((one) => word(one, 'xs')),
        witness.c0,
        witness.words,
      ),
    });
    return waiting(`the lock to be final (${describe(outcome)})`);
  }

  /** Takes back a lock that was not sent yet, or replaces it by an empty transaction. */
  async cancelLock(row: TransferRow): Promise<DutyResult> {
    const sender = this.chains.senderOf(row.homeUid);
    const key = sendKeys.lock(heldRow(row).grantId, row.lockResends);
    const outcome = await sender.outcome(key);
    if (outcome === null || !['queued', 'sent', 'mined'].includes(outcome.state)) return done;
    return { done: ['cancelled', 'final', 'reverted'].includes((await sender.cancel(key)).state) };
  }

  async mint(row: TransferRow): Promise<DutyResult> {
    const { grantId, grant } = heldRow(row);
    const [rx, ry, z] = wordsOf(row.mintSignature);
    const outcome = await this.chains.senderOf(row.destinationUid).submit(sendKeys.mint(grantId), {
      to: grant.mappedDeeds,
      data: MappedDeeds.calldata.mint(row.homeUid, toGrantData(grant), rx, ry, z),
    });
    return waiting(`the mapping to be final (${describe(outcome)})`);
  }

  async refund(row: TransferRow): Promise<DutyResult> {
    const { grantId, grant } = heldRow(row);
    const [rx, ry, z] = wordsOf(row.notMappedSignature);
    const outcome = await this.chains.senderOf(row.homeUid).submit(sendKeys.refund(grantId), {
      to: grant.lockedAccount,
      data: LockedAccount.calldata.refund(grantId, rx, ry, z),
    });
    return waiting(`the refund to be final (${describe(outcome)})`);
  }

  private async stateOf(chainUid: string, key: string): Promise<SentOutcome> {
    const outcome = await this.chains.senderOf(chainUid).outcome(key);
    if (outcome === null || outcome.state === 'cancelled') return 'missing';
    if (outcome.state === 'reverted' || outcome.state === 'final') return outcome.state;
    // refused before it was signed: nothing is under way, and submitting again tries again
    return outcome.state === 'refused' ? 'missing' : 'pending';
  }

  private async receiptOf(chainUid: string, key: string): Promise<TransferReceipt | undefined> {
    const outcome = await this.chains.senderOf(chainUid).outcome(key);
    return outcome?.state === 'final' || outcome?.state === 'reverted'
      ? { tx: outcome.hash, gas: outcome.gasUsed }
      : undefined;
  }
}

function describe(outcome: SendOutcome): string {
  return outcome.state === 'refused' ? `refused: ${outcome.revert?.name ?? 'no reason given'}` : outcome.state;
}

function wordsOf(signature: GroupSignature | null): [bigint, bigint, bigint] {
  if (!signature) throw bug('no-signature', 'a row in this state holds a group signature');
  return [word(signature.rx, 'rx'), word(signature.ry, 'ry'), word(signature.z, 'z')];
}
