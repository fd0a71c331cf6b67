import { randomBytes } from 'node:crypto';
import { ChainReader } from '@cpds/chain/read';
import { to0x, u256 } from '@cpds/crypto/bytes';
import type { Consent, WalletRequest } from '@cpds/messages';
import {
  checkDeed,
  checkRequest,
  consent,
  hospitalOn,
  readCohort,
  readMinWindow,
  usedSlots,
  WalletClient,
  type ConsentInput,
  type Wallet,
  type WalletHolder,
} from '@cpds/wallet';

/** Makes consents as the wallet does, except for one thing that is wrong, and sends them. */
export class ConsentMaker {
  private constructor(
    private readonly holder: WalletHolder,
    private readonly input: ConsentInput,
    readonly client: WalletClient,
  ) {}

  /** Collects all that the wallet would use. */
  static async of(holder: WalletHolder, request: WalletRequest, recordId: string): Promise<ConsentMaker> {
    const { home } = holder.file;
    const hub = await holder.facts();
    const now = Math.floor(Date.now() / 1000);
    const client = clientOf(holder);
    const deed = (await holder.deeds()).find((one) => one.recordId === recordId);
    if (deed === undefined) throw new Error(`no deed of the record ${recordId}`);
    const facts = hospitalOn(hub, home.chainUid);
    const head = await ChainReader.connect({ name: home.name, urls: home.rpcUrls });
    const checked = checkDeed(holder.wallet, deed, await readCohort(head, facts, deed.cohort));
    return new ConsentMaker(
      holder,
      {
        request: checkRequest(request, { home: home.name, identifiers: holder.file.identifiers }, hub, now),
        deed: checked,
        parameters: await client.parameters(),
        minWindowSeconds: await readMinWindow(head, facts),
        hub,
        homeUid: home.chainUid as `0x${string}`,
        usedSlots: usedSlots(holder.file, checked.x),
        now,
        policy: { extraLockSeconds: 120, extraMintSeconds: 0 },
      },
      client,
    );
  }

  /** x of each deed of the ring. */
  get ring(): readonly bigint[] {
    return this.input.deed.xs;
  }

  /** x of the own deed, from the wallet's file. */
  get deedX(): string {
    return to0x(u256(this.input.deed.x));
  }

  /** The place of the own deed in the ring. */
  get place(): number {
    return this.input.deed.xs.indexOf(this.input.deed.x);
  }

  /** The body, made from changed facts or by another wallet. */
  make(change: { wallet?: Wallet; ring?: bigint[]; slot?: number } = {}): Consent {
    const { deed } = this.input;
    const input = {
      ...this.input,
      deed: { ...deed, xs: change.ring ?? deed.xs },
      usedSlots: change.slot === undefined ? this.input.usedSlots : allBut(change.slot),
    };
    return consent(change.wallet ?? this.holder.wallet, input, (length) => new Uint8Array(randomBytes(length))).consent;
  }
}

const allBut = (slot: number): ReadonlySet<number> =>
  new Set(Array.from({ length: 256 }, (_, at) => at).filter((at) => at !== slot));

/** The wallet's doors at its home hospital. */
export function clientOf(holder: WalletHolder): WalletClient {
  const { identityUrl, recordsUrl, bridgeUrl } = holder.file.home;
  return new WalletClient(holder.wallet, { identityUrl, recordsUrl, bridgeUrl, clientId: holder.account.clientId });
}
