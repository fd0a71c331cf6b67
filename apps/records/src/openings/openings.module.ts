import { type DynamicModule, Module } from '@nestjs/common';
import { type ServiceContext, urlsOf } from '@cpds/service';
import type { RecordsConfig } from '../config.js';
import { HomeExchange, HomeExchangeOptions } from './home-exchange.js';
import { HospitalDirectory, HospitalDirectoryOptions } from './hospital-directory.js';
import { OpeningsHttpController } from './openings.http.controller.js';
import { OpeningsService } from './openings.service.js';
import { TransfersBusController } from './transfers.bus.controller.js';
import { WithdrawalNotices, WithdrawalNoticesOptions } from './withdrawal-notices.js';
import { WithdrawalsHttpController } from './withdrawals.http.controller.js';

@Module({})
export class OpeningsModule {
  static with({ config, onError }: ServiceContext<RecordsConfig>): DynamicModule {
    const directory: HospitalDirectoryOptions = {
      hubUrls: urlsOf(config, 'hub'),
      chainRegistry: config.HUB_CHAIN_REGISTRY,
    };
    const home: HomeExchangeOptions = { maxRecordBytes: config.MAX_RECORD_BYTES };
    const notices: WithdrawalNoticesOptions = { onError };
    return {
      module: OpeningsModule,
      global: true,
      controllers: [OpeningsHttpController, WithdrawalsHttpController, TransfersBusController],
      providers: [
        OpeningsService,
        HomeExchange,
        WithdrawalNotices,
        { provide: WithdrawalNoticesOptions, useValue: notices },
        HospitalDirectory,
        { provide: HomeExchangeOptions, useValue: home },
        { provide: HospitalDirectoryOptions, useValue: directory },
      ],
      exports: [OpeningsService, WithdrawalNotices],
    };
  }
}
