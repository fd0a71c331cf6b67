import { Global, Inject, Module, type DynamicModule, type OnApplicationBootstrap } from '@nestjs/common';
import { DatagramsService } from './datagrams/datagrams.service.js';
import { MessageKey } from './datagrams/datagram.js';
import { ClosingDuties } from './duties/closing-duties.js';
import { nodeProviders, type NodeOptions } from './node.providers.js';
import { RevocationsHttpController } from './revocations/revocations.http.controller.js';
import { RevocationsService } from './revocations/revocations.service.js';
import { roleWork, type EveryonesWork, type RoleWork } from './roles/role-work.js';
import { DutyExecutors } from './transfers/duties.js';
import { TransferDriver } from './transfers/transfer-driver.js';
import { TransfersService } from './transfers/transfers.service.js';

/** The parts of every bridge process, whatever its role: rows moved by the table, datagrams, and the route for revokes. */
@Global()
@Module({})
export class NodeModule implements OnApplicationBootstrap {
  constructor(
    @Inject(DatagramsService) private readonly datagrams: DatagramsService,
    @Inject(roleWork) private readonly role: RoleWork,
    @Inject(RevocationsService) private readonly revocations: RevocationsService,
  ) {}

  static with(options: NodeOptions): DynamicModule {
    return {
      module: NodeModule,
      controllers: [RevocationsHttpController],
      providers: [
        ...nodeProviders(options),
        {
          provide: DutyExecutors,
          inject: [roleWork, RevocationsService],
          useFactory: (role: RoleWork, revocations: RevocationsService) =>
            new DutyExecutors({ ...role.duties, ...everyonesWork(revocations).duties }),
        },
      ],
      exports: [TransfersService, MessageKey, DatagramsService, TransferDriver, ClosingDuties, RevocationsService],
    };
  }

  onApplicationBootstrap(): void {
    this.datagrams.start({ ...this.role.datagrams, ...everyonesWork(this.revocations).datagrams });
  }
}

/** Work of every party, beside that of its role. */
function everyonesWork(revocations: RevocationsService): EveryonesWork {
  return {
    duties: { 'forward-statement': (row) => revocations.forward(row) },
    datagrams: {
      revoke: {
        take: (received) => revocations.receive(received),
        answered: (_sent, answer) => revocations.answered(answer),
      },
    },
  };
}
