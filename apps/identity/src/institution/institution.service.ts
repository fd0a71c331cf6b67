import { randomUUID } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { ChainReader, connectOwnChain, type OwnChain, type SentTransaction } from '@cpds/chain';
import { type Hex, KeyRegistry } from '@cpds/contracts';
import { concat, fromHex, to0x } from '@cpds/crypto/bytes';
import { unavailable } from '@cpds/errors';
import { events } from '@cpds/messages';
import { Changes, type Outcome, told, untold } from '@cpds/outbox';
import { OwnChainAccess, type Probe } from '@cpds/service';
import { Leases, Loop, UnitOfWork } from '@cpds/store';
import { TokenIssuer } from '../tokens/tokens.service.js';

/** This hospital's chain, with the contracts that identity writes to. */
export type InstitutionChain = OwnChain<'keyRegistry' | 'metaAddresses'>;

const retryMs = 1_000;

/**
 * The institution on its own chain: its public keys in KeyRegistry, and the sender other parts of identity use. A round
 * is one try to open the chain and to enqueue the keys' transactions.
 */
@Injectable()
export class InstitutionService implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly connecting: Loop;
  private connected: InstitutionChain | undefined;
  private uid!: Hex;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly leases: Leases,
    private readonly changes: Changes,
    private readonly issuer: TokenIssuer,
    private readonly access: OwnChainAccess,
  ) {
    this.connecting = new Loop({ round: () => this.connect(), everyMs: retryMs, onError: access.onError });
  }

  /** Asks the chain itself for the uid that this hospital's enrolments name, before any door opens. */
  async onModuleInit(): Promise<void> {
    const { chainUid } = await ChainReader.connect({ name: this.access.party, urls: this.access.ownUrls });
    this.uid = chainUid;
  }

  onApplicationBootstrap(): void {
    this.connecting.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.connecting.stop();
    await this.connected?.sender.stop();
  }

  /** chainUid of the own chain. */
  get chainUid(): Hex {
    return this.uid;
  }

  /** The own chain with its contracts. @throws AppError `chain-unregistered` (unavailable) until the hub registers it */
  get chain(): InstitutionChain {
    if (!this.connected)
      throw unavailable('chain-unregistered', 'the hub does not register this chain yet', { retryAfterSec: 1 });
    return this.connected;
  }

  /** Ready when the hub registers this hospital. */
  get probe(): Probe {
    return { name: 'own-chain', probe: async () => void this.chain };
  }

  private async connect(): Promise<'done'> {
    // Kept if writing the keys fails: a second sender would wait for the first one's lease.
    this.connected ??= await this.open();
    await this.registerKeys(this.connected);
    return 'done';
  }

  private async open(): Promise<InstitutionChain> {
    const { unitOfWork, leases, access } = this;
    const chain = await connectOwnChain({
      ...access,
      contracts: ['keyRegistry', 'metaAddresses'],
      unitOfWork,
      leases,
      // Appends the audit leaf of each transaction (protocol I9), in the database transaction that stores the signed
      // bytes.
      onSigned: (tx, sent) => this.changes.within(tx, leafOf(sent)),
    });
    await chain.sender.start();
    return chain;
  }

  /**
   * Writes the institution's keys to KeyRegistry, each once: a key's use and bytes name its transaction, so a restart
   * repeats nothing and a new key adds a line of history.
   */
  private async registerKeys(chain: InstitutionChain): Promise<void> {
    const { x, y } = this.issuer.key.publicJwk;
    const point = concat(Uint8Array.of(4), Buffer.from(x ?? '', 'base64url'), Buffer.from(y ?? '', 'base64url'));
    const keys: [string, Hex][] = [
      ['message', chain.registered.messageKey.toLowerCase() as Hex],
      ['hpke', chain.registered.hpkeKey.toLowerCase() as Hex],
      ['token', to0x(point)],
    ];
    await this.changes.commit(async (tx) => {
      for (const [use, publicKey] of keys) {
        fromHex(publicKey, `${use} key`);
        const call = { to: chain.contracts.keyRegistry, data: KeyRegistry.calldata.add(use, publicKey) };
        await chain.sender.enqueue(tx, `institution/${use}/${publicKey}`, call);
      }
      return untold('a key is told of when its transaction is signed');
    });
  }
}

/** What a transaction is told by. */
function leafOf({ key, chainUid, account, hash, to }: SentTransaction): Outcome<void> {
  const type = key.startsWith('institution/') ? events.institutionKeyRegistered : events.departmentPublished;
  return told({ type, correlation: randomUUID(), details: { key, chainUid, account, hash, to } });
}
