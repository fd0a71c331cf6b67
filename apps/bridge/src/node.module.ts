import type { ServiceContext } from '@cpds/service';
import { Inject, Injectable, Module, type DynamicModule, type OnApplicationBootstrap } from '@nestjs/common';
import type { BridgeConfig } from './config.js';
import { DatagramsModule } from './datagrams/datagrams.module.js';
import { DatagramsService } from './datagrams/datagrams.service.js';
import { RevocationsModule } from './revocations/revocations.module.js';
import { RevocationsService } from './revocations/revocations.service.js';
import { RoleWork, type EveryonesWork } from './roles/role-work.js';
import { DutyExecutors } from './transfers/duties.js';
import { TransfersModule } from './transfers/transfers.module.js';

/** Work of every party, beside that of its role. */
@Injectable()
class NodeWork implements EveryonesWork {
  constructor(private readonly revocations: RevocationsService) {}

  readonly duties: EveryonesWork['duties'] = { 'forward-statement': (row) => this.revocations.forward(row) };

  readonly datagrams: EveryonesWork['datagrams'] = {
    revoke: {
      take: (received) => this.revocations.receive(received),
      answered: (_sent, answer) => this.revocations.answered(answer),
    },
  };
}

@Injectable()
class NodeDuties extends DutyExecutors {
  constructor(role: RoleWork, node: NodeWork) {
    super({ ...role.duties, ...node.duties });
  }
}

/** The parts of every bridge process, whatever its role: rows moved by the table, datagrams, and the route for revokes. */
@Module({})
export class NodeModule implements OnApplicationBootstrap {
  constructor(
    @Inject(DatagramsService) private readonly datagrams: DatagramsService,
    @Inject(RoleWork) private readonly role: RoleWork,
    @Inject(NodeWork) private readonly node: NodeWork,
  ) {}

  static with(context: ServiceContext<BridgeConfig>): DynamicModule {
    return {
      module: NodeModule,
      global: true,
      imports: [TransfersModule.with(context), DatagramsModule.with(context), RevocationsModule.with(context)],
      providers: [NodeWork, { provide: DutyExecutors, useClass: NodeDuties }],
      exports: [DutyExecutors],
    };
  }

  onApplicationBootstrap(): void {
    this.datagrams.start({ ...this.role.datagrams, ...this.node.datagrams });
  }
}
