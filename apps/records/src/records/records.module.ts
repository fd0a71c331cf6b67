import { type DynamicModule, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { events } from '@cpds/messages';
import { Disclosure } from '@cpds/outbox';
import { disclosureProvider, type ServiceContext } from '@cpds/service';
import type { FastifyInstance } from 'fastify';
import type { RecordsConfig } from '../config.js';
import { Patients } from './patients.js';
import { ReEncryptions, ReEncryptionsOptions } from './re-encryptions.js';
import { RecordsHttpController, UploadLimits } from './records.http.controller.js';
import { RecordsService } from './records.service.js';
import { RetiredObjects } from './retired-objects.js';
import { Withdrawals } from './withdrawals.service.js';

@Module({})
export class RecordsModule implements OnModuleInit {
  constructor(private readonly http: HttpAdapterHost) {}

  static with({ config, onError }: ServiceContext<RecordsConfig>): DynamicModule {
    const limits: UploadLimits = { maxBytes: config.MAX_RECORD_BYTES };
    const reEncryptions: ReEncryptionsOptions = { onError };
    return {
      module: RecordsModule,
      global: true,
      controllers: [RecordsHttpController],
      providers: [
        RecordsService,
        Patients,
        disclosureProvider({ receiptTimeoutMs: config.RECEIPT_TIMEOUT_MS, withheld: events.disclosureWithheld }),
        ReEncryptions,
        RetiredObjects,
        Withdrawals,
        { provide: UploadLimits, useValue: limits },
        { provide: ReEncryptionsOptions, useValue: reEncryptions },
      ],
      exports: [Disclosure, ReEncryptions, RetiredObjects, Withdrawals],
    };
  }

  /** Text uploads are streams like all others: Fastify's own parser would hold them whole. */
  onModuleInit(): void {
    (this.http.httpAdapter.getInstance() as FastifyInstance).removeContentTypeParser('text/plain');
  }
}
