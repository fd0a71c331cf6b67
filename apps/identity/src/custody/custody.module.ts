import { type DynamicModule, Module } from '@nestjs/common';
import { events } from '@cpds/messages';
import { disclosureProvider, type ServiceContext } from '@cpds/service';
import type { IdentityConfig } from '../config.js';
import { CustodyBusController } from './custody.bus.controller.js';
import { CustodyOptions, CustodyService } from './custody.service.js';

@Module({})
export class CustodyModule {
  static with({ config }: ServiceContext<IdentityConfig>): DynamicModule {
    const options: CustodyOptions = { ageRecipient: config.RECORDS_AGE_RECIPIENT };
    return {
      module: CustodyModule,
      controllers: [CustodyBusController],
      providers: [
        CustodyService,
        disclosureProvider({ receiptTimeoutMs: config.RECEIPT_TIMEOUT_MS, withheld: events.custodyWithheld }),
        { provide: CustodyOptions, useValue: options },
      ],
    };
  }
}
