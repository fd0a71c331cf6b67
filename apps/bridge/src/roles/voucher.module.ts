import type { ServiceContext } from '@cpds/service';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import type { BridgeConfig } from '../config.js';
import { ClosingModule } from '../duties/closing.module.js';
import { VouchingModule } from '../vouching/vouching.module.js';
import { VouchingService } from '../vouching/vouching.service.js';
import { RoleWork, type WorkOf } from './role-work.js';

@Injectable()
class VoucherWork implements WorkOf<'V'> {
  constructor(private readonly vouching: VouchingService) {}

  readonly duties: WorkOf<'V'>['duties'] = { vouch: (row, facts) => this.vouching.vouch(row, facts) };

  readonly datagrams: WorkOf<'V'>['datagrams'] = {};
}

/** Role V: vouches on the hub for locks it saw final on their home chains, and anchors those chains' heads there. */
@Module({})
export class VoucherModule {
  static with(context: ServiceContext<BridgeConfig>): DynamicModule {
    return {
      module: VoucherModule,
      global: true,
      imports: [VouchingModule.with(context), ClosingModule],
      providers: [{ provide: RoleWork, useClass: VoucherWork }],
      exports: [RoleWork],
    };
  }
}
