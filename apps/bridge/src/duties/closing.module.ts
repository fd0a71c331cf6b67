import { Global, Module } from '@nestjs/common';
import { NoTransactions, OwnTransactions } from '../transfers/transfer-driver.js';
import { ClosingDuties } from './closing-duties.js';

/** The duties of a party whose rows decide nothing by its own transactions. */
@Global()
@Module({
  providers: [ClosingDuties, { provide: OwnTransactions, useClass: NoTransactions }],
  exports: [ClosingDuties, OwnTransactions],
})
export class ClosingModule {}
