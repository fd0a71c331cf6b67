import type { Provider } from '@nestjs/common';
import { Consortium, dutyContextOf } from './chains/consortium-view.js';
import { MessageKey } from './datagrams/datagram.js';
import { DatagramsOptions, DatagramsService } from './datagrams/datagrams.service.js';
import { ClosingDuties } from './duties/closing-duties.js';
import { RevocationsOptions, RevocationsService } from './revocations/revocations.service.js';
import type { Role } from './transfers/transfer.js';
import { DriverOptions, TransferDriver } from './transfers/transfer-driver.js';
import { TransfersService } from './transfers/transfers.service.js';

/** What a process brings to what every party is made of. */
export interface NodeOptions {
  /** roles whose rows this process keeps */
  roles: readonly Role[];
  messageSecret: Uint8Array;
  recheckMs: number;
  onError: (error: unknown, context?: object) => void;
}

/** How the parts of every bridge process are built; what they do is in `node.module.ts`. */
export function nodeProviders({ roles, messageSecret, recheckMs, onError }: NodeOptions): Provider[] {
  const datagrams: DatagramsOptions = { onError };
  const revocations: RevocationsOptions = { roles };
  return [
    TransfersService,
    { provide: MessageKey, useValue: new MessageKey(messageSecret) },
    DatagramsService,
    { provide: DatagramsOptions, useValue: datagrams },
    TransferDriver,
    {
      provide: DriverOptions,
      inject: [Consortium],
      useFactory: (consortium: Consortium): DriverOptions => ({
        contextOf: (row) => dutyContextOf(consortium, row),
        recheckMs,
        concurrency: 16,
        onError,
      }),
    },
    ClosingDuties,
    RevocationsService,
    { provide: RevocationsOptions, useValue: revocations },
  ];
}
