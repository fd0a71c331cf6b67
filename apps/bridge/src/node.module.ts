import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Datagrams } from './datagrams/datagrams.js';
import { MessageKey } from './datagrams/message-key.js';
import { nodeProviders, type NodeOptions } from './node.providers.js';
import { ClosingDuties } from './duties/chain-duties.js';
import { RevocationsHttpController } from './revocations/revocations.http.controller.js';
import { RevocationsService } from './revocations/revocations.service.js';
import { roleWork, type EveryonesWork, type RoleWork } from './roles/role-work.js';
import { DutyExecutors } from './transfers/duty-executors.js';
import { DutyTiming, TransferDriver } from './transfers/transfer-driver.js';
import { TransfersHttpController } from './transfers/transfers.http.controller.js';
import { TransfersService } from './transfers/transfers.service.js';

/** What every bridge process is, whatever its role: rows moved by the table, datagrams, and the door for revokes. */
@Global()
@Module({})
export class NodeModule {
  static with(options: NodeOptions): DynamicModule {
    return {
      module: NodeModule,
      controllers: [RevocationsHttpController, ...(options.showsTransfers ? [TransfersHttpController] : [])],
      providers: [
        ...nodeProviders(options),
        {
          provide: DutyExecutors,
          inject: [roleWork, RevocationsService],
          useFactory: (role: RoleWork, revocations: RevocationsService) =>
            new DutyExecutors({ ...role.duties, ...everyonesWork(revocations).duties }),
        },
      ],
      exports: [TransfersService, MessageKey, Datagrams, DutyTiming, TransferDriver, ClosingDuties, RevocationsService],
    };
  }
}

/** What all parties do beside what their roles do. */
function everyonesWork(revocations: RevocationsService): EveryonesWork {
  return { duties: { 'forward-statement': (row) => revocations.forward(row) } };
}
