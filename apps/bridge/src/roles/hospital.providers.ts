import type { Provider } from '@nestjs/common';
import { HospitalChainDuties } from '../duties/chain-duties.js';
import { SigningDuties } from '../duties/signing-duties.js';
import { GrantsService } from '../grants/grants.service.js';
import { OpeningService } from '../grants/opening.service.js';
import { ServingService } from '../grants/serving.service.js';
import { CollectorOptions, ReleaseCollector } from '../release/release-collector.service.js';
import { NodeKeys, RequestsOptions, RequestsService } from '../requests/requests.service.js';

import { CoordinatorOptions, SigningCoordinator } from '../signing/signing-coordinator.service.js';
import { OwnTransactions } from '../transfers/transfer-driver.js';
import { TransferViewService } from '../transfers/transfer-view.service.js';
import { WalletParametersOptions, WalletParametersService } from '../wallet/wallet-parameters.service.js';

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
export function hospitalProviders({ keys, requestTtlSeconds, revocationUrls }: HospitalOptions): Provider[] {
  const requests: RequestsOptions = { requestTtlSeconds };
  const coordinator: CoordinatorOptions = { roundTimeoutMs, othersAfterMs };
  const collector: CollectorOptions = { timeoutMs: roundTimeoutMs, othersAfterMs };
  const wallet: WalletParametersOptions = { revocationUrls };
  return [
    TransferViewService,
    { provide: NodeKeys, useValue: keys },
    RequestsService,
    { provide: RequestsOptions, useValue: requests },
    GrantsService,
    SigningCoordinator,
    { provide: CoordinatorOptions, useValue: coordinator },
    ReleaseCollector,
    { provide: CollectorOptions, useValue: collector },
    SigningDuties,
    HospitalChainDuties,
    { provide: OwnTransactions, useExisting: HospitalChainDuties },
    OpeningService,
    ServingService,
    WalletParametersService,
    { provide: WalletParametersOptions, useValue: wallet },
  ];
}
