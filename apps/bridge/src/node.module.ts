import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Datagrams } from './datagrams/datagrams.js';
import { MessageKey } from './datagrams/message-key.js';
import { nodeProviders, type NodeOptions } from './node.providers.js';
import { RevocationsHttpController } from './revocations/revocations.http.controller.js';
import { RevocationsService } from './revocations/revocations.service.js';
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
      providers: nodeProviders(options),
      exports: [TransfersService, DutyExecutors, MessageKey, Datagrams, DutyTiming, TransferDriver, RevocationsService],
    };
  }
}
