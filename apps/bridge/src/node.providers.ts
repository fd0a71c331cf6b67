import { Bus } from '@cpds/bus';
import { Changes } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import type { Provider } from '@nestjs/common';
import { Consortium, dutyContextOf } from './chains/consortium-view.js';
import { DatagramsService } from './datagrams/datagrams.service.js';
import { MessageKey } from './datagrams/datagram.js';
import { ClosingDuties } from './duties/closing-duties.js';
import { RevocationsService } from './revocations/revocations.service.js';
import { DutyExecutors } from './transfers/duties.js';
import { FactsReader } from './transfers/facts.js';
import type { Role } from './transfers/transfer.js';
import { OwnTransactions, TransferDriver } from './transfers/transfer-driver.js';
import { TransfersService } from './transfers/transfers.service.js';

/** What a process brings to what every party is made of. */
export interface NodeOptions {
  /** roles whose rows this process keeps */
  roles: readonly Role[];
  messageSecret: Uint8Array;
  recheckMs: number;
  onError: (error: unknown, context?: object) => void;
}

/** How the parts of every bridge process are built; what they do is in `node.module.ts`. */
export function nodeProviders(options: NodeOptions): Provider[] {
  return [
    TransfersService,
    { provide: MessageKey, useFactory: () => new MessageKey(options.messageSecret) },
    {
      provide: DatagramsService,
      inject: [UnitOfWork, Changes, Bus, Consortium, MessageKey],
      useFactory: (unitOfWork: UnitOfWork, changes: Changes, bus: Bus, consortium: Consortium, key: MessageKey) =>
        new DatagramsService(unitOfWork, changes, bus, consortium, key, options.onError),
    },
    {
      provide: TransferDriver,
      inject: [TransfersService, FactsReader, DutyExecutors, OwnTransactions, Consortium],
      useFactory: (
        transfers: TransfersService,
        facts: FactsReader,
        duties: DutyExecutors,
        own: OwnTransactions,
        consortium: Consortium,
      ) =>
        new TransferDriver(transfers, facts, duties, own, {
          contextOf: (row) => dutyContextOf(consortium, row),
          recheckMs: options.recheckMs,
          concurrency: 16,
          onError: options.onError,
        }),
    },
    ClosingDuties,
    {
      provide: RevocationsService,
      inject: [Changes, TransfersService, DatagramsService, Consortium, MessageKey],
      useFactory: (
        changes: Changes,
        transfers: TransfersService,
        datagrams: DatagramsService,
        consortium: Consortium,
        key: MessageKey,
      ) => new RevocationsService(changes, transfers, datagrams, consortium, key, options.roles),
    },
  ];
}
