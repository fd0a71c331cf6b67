import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { onceInAWhile } from '../chains/error-lines.js';
import { NoTransactions, OwnTransactions } from '../transfers/transfer-driver.js';
import { HeadsOptions, HeadsService } from '../vouching/heads.service.js';
import { VouchingService } from '../vouching/vouching.service.js';
import { roleWork, type WorkOf } from './role-work.js';

export interface VoucherOptions {
  onError: (error: unknown) => void;
}

/** Role V: vouches on the hub for locks it saw final on their home chains, and anchors those chains' heads there. */
@Module({})
export class VoucherModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(HeadsService) private readonly heads: HeadsService) {}

  static with({ onError }: VoucherOptions): DynamicModule {
    const heads: HeadsOptions = { onError: onceInAWhile(onError) };
    return {
      module: VoucherModule,
      global: true,
      providers: [
        { provide: roleWork, inject: [VouchingService], useFactory: workOf },
        { provide: OwnTransactions, useClass: NoTransactions },
        VouchingService,
        HeadsService,
        { provide: HeadsOptions, useValue: heads },
      ],
      exports: [roleWork, OwnTransactions],
    };
  }

  onApplicationBootstrap(): void {
    this.heads.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.heads.stop();
  }
}

function workOf(vouching: VouchingService): WorkOf<'V'> {
  return { duties: { vouch: (row, facts) => vouching.vouch(row, facts) }, datagrams: {} };
}
