import { Global, Module } from '@nestjs/common';
import { OwnTransactions } from '../transfers/transfer-driver.js';
import { HospitalChainDuties } from './chain-duties.js';
import { ClosingDuties } from './closing-duties.js';
import { SigningDuties } from './signing-duties.js';

/** The duties of a hospital, and the transactions that it sends by them. */
@Global()
@Module({
  providers: [
    ClosingDuties,
    HospitalChainDuties,
    SigningDuties,
    { provide: OwnTransactions, useExisting: HospitalChainDuties },
  ],
  exports: [ClosingDuties, HospitalChainDuties, SigningDuties, OwnTransactions],
})
export class DutiesModule {}
