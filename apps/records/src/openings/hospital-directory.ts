import { Injectable } from '@nestjs/common';
import { ChainReader, type ChainHead } from '@cpds/chain';
import { ChainRegistry } from '@cpds/contracts';
import { missing } from '@cpds/errors';

export abstract class HospitalDirectoryOptions {
  abstract readonly hubUrls: readonly string[];
  /** ChainRegistry on the hub. */
  abstract readonly chainRegistry: string;
}

/** Where hospitals' exchange endpoints are, as the hub's ChainRegistry says now. */
@Injectable()
export class HospitalDirectory {
  private connected: Promise<ChainHead> | undefined;

  constructor(private readonly options: HospitalDirectoryOptions) {}

  /** @throws AppError `unknown-hospital` (missing) for a chain that has no exchange endpoint */
  async exchangeUrlOf(chainUid: string): Promise<string> {
    const hub = await this.hub();
    const head = await hub.head();
    const registry = new ChainRegistry(this.options.chainRegistry, {
      call: ({ to, data }) => hub.callAt(head, to, data),
    });
    const { exchangeUrl } = await registry.chainOf(chainUid);
    if (exchangeUrl === '') throw missing('unknown-hospital', 'this chain has no exchange endpoint');
    return exchangeUrl;
  }

  /** One connection, made when it is first needed; a failed try is not kept. */
  private hub(): Promise<ChainHead> {
    this.connected ??= ChainReader.connect({ name: 'hub', urls: this.options.hubUrls }).catch((error: unknown) => {
      this.connected = undefined;
      throw error;
    });
    return this.connected;
  }
}
