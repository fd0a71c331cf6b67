import { unavailable } from '@cpds/errors';
import type { WalletParameters } from '@cpds/messages';
import { Injectable } from '@nestjs/common';
import { Consortium, hospitalNamed } from '../chains/consortium-view.js';
import { HomeClock } from '../chains/home-clock.js';

export abstract class WalletParametersOptions {
  /** Doors that take a patient's revoke, first choice first. */
  abstract readonly revocationUrls: readonly string[];
}

/** Gives a wallet the values from which it makes a grant's times. Keys are not among them: the wallet reads those from the hub itself. */
@Injectable()
export class WalletParametersService {
  constructor(
    private readonly consortium: Consortium,
    private readonly clock: HomeClock,
    private readonly options: WalletParametersOptions,
  ) {}

  async current(): Promise<WalletParameters> {
    const view = this.consortium.current();
    const own = hospitalNamed(view, this.consortium.self);
    if (!own.lockedAccount) throw unavailable('no-group', 'the storemen have not generated their keys yet');
    return {
      homeUid: own.chainUid,
      hubUid: view.hub.chainUid,
      lockedAccount: own.lockedAccount,
      homeTime: await this.clock.headTime(),
      minWindowSeconds: await this.clock.minWindowSeconds(own.lockedAccount),
      wSeconds: {
        home: own.w,
        hub: view.hub.w,
        destinations: Object.fromEntries(view.hospitals.map((hospital) => [hospital.chainUid, hospital.w])),
      },
      revocationUrls: [...this.options.revocationUrls],
    };
  }
}
