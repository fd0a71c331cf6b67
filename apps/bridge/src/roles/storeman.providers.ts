import { KeyRing } from '@cpds/crypto/custody';
import type { Provider } from '@nestjs/common';
import { CeremoniesRunner } from '../ceremonies/ceremonies.runner.js';
import { CeremoniesOptions } from '../ceremonies/ceremonies.service.js';
import { KeyShares } from '../ceremonies/key-shares.js';
import type { ConfiguredRoster } from '../ceremonies/roster.js';
import { ReleaseService } from '../release/release.service.js';
import { SignerOptions, SignerService } from '../signing/signer.service.js';
import { StoremanView, StoremanViewOptions } from '../signing/storeman-view.js';
import { NoTransactions, OwnTransactions } from '../transfers/transfer-driver.js';

/** Longer than nodes usually see a block apart, shorter than a coordinator waits for a round; milliseconds. */
const patienceMs = 1_500;

/** A storeman's keys and what its operator agreed to. */
export interface StoremanOptions {
  /** seals shares and seeds */
  ring: KeyRing;
  /** the only ceremony this node's operator agreed to; without it the node takes part in none */
  roster?: ConfiguredRoster;
  /** mint shares per home, destination and hour */
  quotaPerHour: number;
  /** StoremanRegistry on the hub */
  storemanRegistry: string;
  onError: (error: unknown, context: object) => void;
}

/** How the parts of a storeman are built; what they do is in `storeman.module.ts`. */
export function storemanProviders(options: StoremanOptions): Provider[] {
  const { ring, roster, quotaPerHour, storemanRegistry, onError } = options;
  const ceremonies: CeremoniesOptions = {
    registry: storemanRegistry,
    roster: roster ?? { accounts: [], threshold: 0, nMin: 0 },
    ring,
    onError: (error) => onError(error, { part: 'ceremonies' }),
  };
  const view: StoremanViewOptions = { patienceMs };
  const signer: SignerOptions = { quotaPerHour };
  return [
    { provide: OwnTransactions, useClass: NoTransactions },
    { provide: KeyRing, useValue: ring },
    KeyShares,
    CeremoniesRunner,
    { provide: CeremoniesOptions, useValue: ceremonies },
    StoremanView,
    { provide: StoremanViewOptions, useValue: view },
    SignerService,
    { provide: SignerOptions, useValue: signer },
    ReleaseService,
  ];
}
