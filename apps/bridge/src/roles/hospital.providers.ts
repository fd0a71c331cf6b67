import { BusRequests } from '@cpds/bus';
import { Changes } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import type { Provider } from '@nestjs/common';
import { ChainSet } from '../chains/chain-set.js';
import { Consortium } from '../chains/consortium-view.js';
import { DeedEvidence } from '../chains/deed-evidence.js';
import { HomeClock } from '../chains/home-clock.js';
import { DatagramsService } from '../datagrams/datagrams.service.js';
import { MessageKey } from '../datagrams/datagram.js';
import { HospitalChainDuties } from '../duties/chain-duties.js';
import { SigningDuties } from '../duties/signing-duties.js';
import { GrantsService } from '../grants/grants.service.js';
import { OpeningService } from '../grants/opening.service.js';
import { ServingService } from '../grants/serving.service.js';
import { ReleaseCollector } from '../release/release-collector.service.js';
import { RequestsService } from '../requests/requests.service.js';
import { RevocationsService } from '../revocations/revocations.service.js';
import type { NodeKeys } from '../secrets.js';
import { SigningCoordinator } from '../signing/signing-coordinator.service.js';
import { FactsReader } from '../transfers/facts.js';
import { OwnTransactions, TransferDriver } from '../transfers/transfer-driver.js';
import { TransferViewService } from '../transfers/transfer-view.service.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { WalletParametersService } from '../wallet/wallet-parameters.service.js';

/** How long one round of a signing session, and one storeman's release, is waited for, milliseconds. */
const roundTimeoutMs = 4_000;
/** t storemen are asked first, the others when one of them does not help or after this, milliseconds. */
const othersAfterMs = 700;

/** A hospital's keys and what its operator chose. */
export interface HospitalOptions {
  keys: NodeKeys;
  requestTtlSeconds: number;
  revocationUrls: readonly string[];
}

/** How the parts of a hospital are built; what they do is in `hospital.module.ts`. */
export function hospitalProviders(options: HospitalOptions): Provider[] {
  const { keys } = options;
  return [
    TransferViewService,
    {
      provide: RequestsService,
      inject: [UnitOfWork, Changes, TransfersService, DatagramsService, Consortium, BusRequests],
      useFactory: (
        unitOfWork: UnitOfWork,
        changes: Changes,
        transfers: TransfersService,
        datagrams: DatagramsService,
        consortium: Consortium,
        bus: BusRequests,
      ) =>
        new RequestsService(
          unitOfWork,
          changes,
          transfers,
          datagrams,
          consortium,
          bus,
          keys,
          options.requestTtlSeconds,
        ),
    },
    {
      provide: GrantsService,
      inject: [
        Changes,
        TransfersService,
        RequestsService,
        FactsReader,
        Consortium,
        DeedEvidence,
        DatagramsService,
        BusRequests,
      ],
      useFactory: (
        changes: Changes,
        transfers: TransfersService,
        requests: RequestsService,
        facts: FactsReader,
        consortium: Consortium,
        deeds: DeedEvidence,
        datagrams: DatagramsService,
        bus: BusRequests,
      ) => new GrantsService(changes, transfers, requests, facts, consortium, deeds, datagrams, bus, keys),
    },
    {
      provide: SigningCoordinator,
      inject: [Consortium, DatagramsService],
      useFactory: (consortium: Consortium, datagrams: DatagramsService) =>
        new SigningCoordinator(consortium, datagrams, { roundTimeoutMs, othersAfterMs }),
    },
    {
      provide: ReleaseCollector,
      inject: [Consortium, DatagramsService],
      useFactory: (consortium: Consortium, datagrams: DatagramsService) =>
        new ReleaseCollector(consortium, datagrams, { timeoutMs: roundTimeoutMs, othersAfterMs }),
    },
    {
      provide: SigningDuties,
      inject: [SigningCoordinator],
      useFactory: (coordinator: SigningCoordinator) => new SigningDuties(coordinator),
    },
    {
      provide: HospitalChainDuties,
      inject: [ChainSet, TransfersService, GrantsService, BusRequests],
      useFactory: (chains: ChainSet, transfers: TransfersService, grants: GrantsService, bus: BusRequests) =>
        new HospitalChainDuties(chains.senderOf, transfers, grants, bus),
    },
    { provide: OwnTransactions, useExisting: HospitalChainDuties },
    {
      provide: OpeningService,
      inject: [
        TransfersService,
        TransferDriver,
        ReleaseCollector,
        RequestsService,
        RevocationsService,
        Consortium,
        BusRequests,
      ],
      useFactory: (
        transfers: TransfersService,
        driver: TransferDriver,
        collector: ReleaseCollector,
        requests: RequestsService,
        revocations: RevocationsService,
        consortium: Consortium,
        bus: BusRequests,
      ) => new OpeningService(transfers, driver, collector, requests, revocations, consortium, bus, keys),
    },
    {
      provide: ServingService,
      inject: [TransfersService, RequestsService, FactsReader, Consortium, MessageKey],
      useFactory: (
        transfers: TransfersService,
        requests: RequestsService,
        facts: FactsReader,
        consortium: Consortium,
        messageKey: MessageKey,
      ) => new ServingService(transfers, requests, facts, consortium, messageKey),
    },
    {
      provide: WalletParametersService,
      inject: [Consortium, HomeClock],
      useFactory: (consortium: Consortium, clock: HomeClock) =>
        new WalletParametersService(consortium, clock, options.revocationUrls),
    },
  ];
}
