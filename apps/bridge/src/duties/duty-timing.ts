import { Consortium, groupOf, hospitalOfChain } from '../chains/consortium-view.js';
import type { DutyContext } from '../transfers/duties.js';
import { DutyTiming } from '../transfers/transfer-driver.js';
import type { TransferRow } from '../transfers/transfer.row.js';

/** Times a row's duties by what the hub says of its chains and of this node's place among the storemen. */
export class ConsortiumTiming extends DutyTiming {
  constructor(private readonly consortium: Consortium) {
    super();
  }

  contextOf(row: TransferRow): DutyContext {
    const view = this.consortium.current();
    const home = hospitalOfChain(view, row.homeUid);
    const destination = hospitalOfChain(view, row.destinationUid);
    return {
      wHome: home.w,
      wDestination: destination.w,
      forwards: row.forwards,
      isKnown: row.sealedPackage !== null,
      enteredAt: Math.floor(row.enteredAt.getTime() / 1000),
      memberIndex: row.role === 'S' ? this.ownIndex(home.sealKeyId) : 0,
    };
  }

  private ownIndex(keyId: string | undefined): number {
    const members = groupOf(this.consortium.current(), keyId).members;
    return members.find(({ party }) => party === this.consortium.self)?.index ?? members.length;
  }
}
