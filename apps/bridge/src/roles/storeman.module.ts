import type { ServiceContext } from '@cpds/service';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { CeremoniesModule } from '../ceremonies/ceremonies.module.js';
import type { BridgeConfig } from '../config.js';
import { ClosingDuties } from '../duties/closing-duties.js';
import { ClosingModule } from '../duties/closing.module.js';
import { ReleaseModule } from '../release/release.module.js';
import { ReleaseService } from '../release/release.service.js';
import { SignerModule } from '../signing/signer.module.js';
import { SignerService } from '../signing/signer.service.js';
import { RoleWork, type WorkOf } from './role-work.js';

@Injectable()
class StoremanWork implements WorkOf<'S'> {
  constructor(
    private readonly closing: ClosingDuties,
    private readonly signer: SignerService,
    private readonly release: ReleaseService,
  ) {}

  readonly duties: WorkOf<'S'>['duties'] = {
    'close-home': (row) => this.closing.closeHome(row),
    'close-destination': (row) => this.closing.closeDestination(row),
  };

  readonly datagrams: WorkOf<'S'>['datagrams'] = {
    sign: { take: (received) => this.signer.answer(received) },
    release: { take: (received) => this.release.answer(received) },
  };
}

/** Role S: key ceremonies, shares of signatures, partial releases. Opens no door of a hospital and calls none. */
@Module({})
export class StoremanModule {
  static with(context: ServiceContext<BridgeConfig>): DynamicModule {
    return {
      module: StoremanModule,
      global: true,
      imports: [CeremoniesModule.with(context), SignerModule.with(context), ReleaseModule, ClosingModule],
      providers: [{ provide: RoleWork, useClass: StoremanWork }],
      exports: [RoleWork],
    };
  }
}
