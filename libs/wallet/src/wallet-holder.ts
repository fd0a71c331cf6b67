import { ChainReader, type ChainHead } from '@cpds/chain/read';
import type { RandomBytes } from '@cpds/crypto';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { AppError, missing, parse, parseJson, toAppError } from '@cpds/errors';
import { type Grant, type Hex, type RevocationAnswer, type WalletDeed, type WalletRequest } from '@cpds/messages';
import { readCohort } from './cohort-reader.js';
import { consent, promptly, type TimePolicy } from './consent.js';
import { checkDeed, seenDeed, type CheckedDeed } from './deed-check.js';
import { readMinWindow } from './home-reader.js';
import { hospitalOn, sealingGroup, type HubFacts } from './hub-facts.js';
import { readHub } from './hub-reader.js';
import { checkRequest, type CheckedRequest, type OwnPins } from './request.js';
import { answersNeeded, confirmedBy } from './revocation.js';
import { consentLines } from './view.js';
import { enrol, maxWaitSeconds, sendRevocation, WalletClient } from './wallet-client.js';
import { usedSlots, WalletFile, withGrant, withRevocationUrls } from './wallet-file.js';
import type { WalletStorage } from './wallet-storage.js';
import { Wallet } from './wallet.js';

/** Facts that a wallet is given once, at enrolment, by somebody the patient trusts there. Nothing changes them later. */
export type WalletPins = Pick<WalletFile, 'home' | 'identifiers' | 'hub' | 'revocationUrls'>;

/** A request and a deed that the wallet has checked, and what the patient reads of them. */
export interface Review {
  /** Who, what, why, until when, in plain words. */
  readonly lines: readonly string[];
  readonly request: CheckedRequest;
  readonly deed: CheckedDeed;
  readonly hub: HubFacts;
  readonly minWindowSeconds: number;
}

/** What was sent. */
export interface GivenConsent {
  readonly grantId: Hex;
  readonly grant: Grant;
  readonly ringSize: number;
  readonly ringReal: number;
}

/** The answers to a revocation, counted by signature. */
export interface Revoked {
  /** Storemen whose own signed `revoked` is among the answers. */
  readonly confirmedBy: readonly string[];
  /** How many must have confirmed before fewer than t are left to release. */
  readonly needed: number;
  /** Bridges that did not take the revocation, and why. */
  readonly failures: readonly BridgeFailure[];
}

export interface BridgeFailure {
  readonly url: string;
  readonly error: AppError;
}

/** Random bytes of the platform, in Node and in browsers. */
const random: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

/** Acts for a patient: keeps the wallet, calls the home hospital, and reads hub and home chain itself. */
export class WalletHolder {
  readonly wallet: Wallet;

  private constructor(
    private readonly storage: WalletStorage,
    private current: WalletFile,
    private readonly hub: ChainHead,
    private readonly home: ChainHead,
  ) {
    this.wallet = new Wallet(fromHex(current.seed, 'seed', 32));
  }

  /** Makes a wallet of 32 random bytes, pinned to this patient and these addresses, not enrolled yet. @throws AppError `wallet-exists` */
  static async create(storage: WalletStorage, pins: WalletPins): Promise<WalletHolder> {
    if ((await storage.read()) !== null)
      throw new AppError('wallet-exists', 'conflict', `there is a wallet already in ${storage.place}`);
    const file = { version: 1, seed: to0x(random(32)), ...pins, account: null, grants: [] };
    return WalletHolder.of(storage, parse(WalletFile, file, 'wallet'));
  }

  /** Opens the wallet that is kept there. @throws AppError `unknown-wallet`, `invalid` names the field */
  static async open(storage: WalletStorage): Promise<WalletHolder> {
    const text = await storage.read();
    if (text === null) throw missing('unknown-wallet', `there is no wallet in ${storage.place}`);
    return WalletHolder.of(storage, parseJson(WalletFile, text, 'wallet'));
  }

  private static async of(storage: WalletStorage, file: WalletFile): Promise<WalletHolder> {
    const [hub, home] = await Promise.all([
      ChainReader.connect({ name: 'hub', urls: file.hub.rpcUrls }),
      ChainReader.connect({ name: file.home.name, urls: file.home.rpcUrls }),
    ]);
    return new WalletHolder(storage, file, hub, home);
  }

  get file(): WalletFile {
    return this.current;
  }

  private get own(): OwnPins {
    return { home: this.current.home.name, identifiers: this.current.identifiers };
  }

  /** The patient's id at the home hospital. @throws AppError `not-enrolled` */
  get account(): { patientId: string; clientId: string } {
    if (this.current.account === null) throw new AppError('not-enrolled', 'conflict', 'this wallet is not enrolled');
    return this.current.account;
  }

  /** Enrols with the one-time code that the hospital gave; the wallet is stored before and after, so that a crash loses no seed. */
  async enrol(code: string): Promise<void> {
    await this.inTurn(() => this.save(this.current));
    const { identityUrl, chainUid } = this.current.home;
    const account = await enrol(this.wallet, identityUrl, code, chainUid as Hex);
    await this.inTurn(() => this.save({ ...this.current, account }));
  }

  /** The deeds that the hospital says are this patient's. */
  deeds(): Promise<WalletDeed[]> {
    return this.client().deeds();
  }

  /** The deed of a record, for the patient to look at. @throws AppError `unknown-record` */
  async deedOf(recordId: string): Promise<WalletDeed> {
    const deed = (await this.deeds()).find((one) => one.recordId === recordId);
    if (deed === undefined) throw missing('unknown-record', `the hospital names no deed of the record ${recordId}`);
    return deed;
  }

  /** Reads the facts about other parties at a final block of the pinned hub. */
  facts(): Promise<HubFacts> {
    return readHub(this.hub, this.current.hub);
  }

  /** Waits until this request has arrived. @throws AppError `unknown-request` after `withinMs` */
  async request(requestId: string, withinMs = 60_000): Promise<WalletRequest> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const requests = await this.client().requests(Math.min(maxWaitSeconds, 5));
      const found = requests.find((one) => one.requestId === requestId);
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw missing('unknown-request', `the request ${requestId} did not arrive`);
      // A request of another hospital keeps the long poll from waiting.
      if (requests.length > 0) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /**
   * Checks request and deed against hub and home chain, and returns what is asked in words, for the patient to decide.
   *
   * @param seen the deed the patient looked at and picks
   * @throws AppError of the checks
   */
  async review(request: WalletRequest, seen: Pick<WalletDeed, 'commitment'>): Promise<Review> {
    const [hub, deeds] = await Promise.all([this.facts(), this.deeds()]);
    const home = hospitalOn(hub, this.current.home.chainUid);
    const checked = checkRequest(request, this.own, hub, nowSeconds());
    const deed = seenDeed(deeds, seen);
    const [cohort, minWindowSeconds] = await Promise.all([
      readCohort(this.home, home, deed.cohort),
      readMinWindow(this.home, home),
    ]);
    const checkedDeed = checkDeed(this.wallet, deed, cohort);
    const lines = consentLines(checked, checkedDeed, checked.request.period.end);
    return { lines, request: checked, deed: checkedDeed, hub, minWindowSeconds };
  }

  /**
   * Consents to what was reviewed. The grant is stored before it is sent.
   *
   * @throws AppError of the home hospital, which checks everything again as it stands now
   */
  async consent(review: Review, policy: TimePolicy = promptly): Promise<GivenConsent> {
    const { request, deed, hub, minWindowSeconds } = review;
    const client = this.client();
    const parameters = await client.parameters();
    const made = await this.inTurn(async () => {
      const homeUid = this.current.home.chainUid as Hex;
      const slots = usedSlots(this.current, deed.x);
      const given = consent(
        this.wallet,
        { request, deed, parameters, minWindowSeconds, hub, homeUid, usedSlots: slots, now: nowSeconds(), policy },
        random,
      );
      const known = withRevocationUrls(this.current, parameters.revocationUrls);
      await this.save(withGrant(known, given, deed.x));
      return given;
    });
    await client.consent(request.request.requestId, made.consent);
    const { grant } = made.consent;
    return { grantId: made.grantId, grant, ringSize: deed.xs.length, ringReal: deed.deed.ringReal };
  }

  /** Says no to a request. */
  deny(requestId: string): Promise<void> {
    return this.client().deny(requestId);
  }

  /**
   * Revokes a grant of this wallet: brings it to one bridge after another, any bridges, until enough storemen have
   * confirmed. Repeating it is harmless.
   *
   * @param bridgeUrls default: every bridge the wallet knows
   * @throws AppError `unknown-grant`; the last bridge's error when none took it
   */
  async revoke(grantId: string, bridgeUrls: readonly string[] = this.current.revocationUrls): Promise<Revoked> {
    const given = this.current.grants.find((one) => one.grantId === grantId);
    if (given === undefined) throw missing('unknown-grant', `this wallet gave no grant ${grantId}`);
    const hub = await this.facts();
    // The group of the key that the grant was sealed to: the hospital may have another group by now.
    const group = sealingGroup(hub, given.sealKeyId);
    const needed = answersNeeded(group);
    const revocation = this.wallet.revocation(given.homeUid as Hex, given.grant);
    const answers: RevocationAnswer[] = [];
    const failures: BridgeFailure[] = [];
    let confirmed: string[] = [];
    for (const url of bridgeUrls) {
      try {
        answers.push(await sendRevocation(url, revocation));
      } catch (thrown) {
        failures.push({ url, error: toAppError(thrown) });
        continue;
      }
      confirmed = confirmedBy(grantId, answers, hub, group);
      if (confirmed.length >= needed) break;
    }
    const [failure] = failures;
    if (answers.length === 0) throw failure?.error ?? missing('no-bridge', 'the wallet knows no bridge');
    return { confirmedBy: confirmed, needed, failures };
  }

  private client(): WalletClient {
    const { identityUrl, recordsUrl, bridgeUrl } = this.current.home;
    this.openClient ??= new WalletClient(this.wallet, {
      identityUrl,
      recordsUrl,
      bridgeUrl,
      clientId: this.account.clientId,
    });
    return this.openClient;
  }
  private openClient: WalletClient | undefined;

  /** Runs `work` when earlier work is done: so two consents at once draw no slot twice, and the second stores the first's grant too. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.lastTurn.then(
      () => work(),
      () => work(), // the caller of the earlier work gets its error
    );
    this.lastTurn = turn;
    return turn;
  }
  private lastTurn: Promise<unknown> = Promise.resolve();

  private async save(file: WalletFile): Promise<void> {
    await this.storage.write(JSON.stringify(file, null, 2));
    this.current = file;
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
