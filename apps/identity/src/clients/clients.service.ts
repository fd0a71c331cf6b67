import { createHash, randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { conflict, invalid, missing, toAppError } from '@cpds/errors';
import {
  type Actor,
  canonicalJson,
  events,
  type ClientDepartments,
  type ClientList,
  type ClientParameters,
  type RegisterClient,
  type RegisteredClient,
} from '@cpds/messages';
import { Changes, type Outcome, told, unchanged, untold } from '@cpds/outbox';
import { scopes as knownScopes } from '@cpds/service';
import { type Tx, UnitOfWork } from '@cpds/store';
import { calculateJwkThumbprint, importJWK } from 'jose';
import { MoreThan } from 'typeorm';
import type { z } from 'zod';
import { bootstrapOf } from './client.js';
import { ClientRow } from './client.row.js';

export abstract class ClientsOptions {
  /** Stored at a start, each entry once: the first administrator cannot come through a door that needs one. */
  abstract readonly fromConfig: readonly RegisterClient[];
  /** Told of an entry that is not stored, since its key was replaced. */
  abstract readonly onRefused: (clientId: string) => void;
}

/** Clients of one answer of the list. */
const listed = 100;

/** Backends and wallets, and the public keys they prove themselves with. */
@Injectable()
export class ClientsService implements OnApplicationBootstrap {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly options: ClientsOptions,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    for (const client of this.options.fromConfig) await this.bootstrap(client);
  }

  /**
   * Registers a backend, or replaces key and scopes of the one with this name. Repeating it changes and logs nothing.
   *
   * @throws AppError `unknown-scope`, `bad-jwk`, `wallet-name`, `department-unknown`
   */
  async register(client: RegisterClient, actor: Actor): Promise<z.infer<typeof RegisteredClient>> {
    await checkClient(client);
    await this.changes.commit((tx) => this.store(tx, client, actor));
    return { clientId: client.clientId, scopes: client.scopes, departments: client.departments };
  }

  /** Registers a patient's wallet in the caller's transaction: its name is the pseudonym, its key the enrolled one. */
  async registerWallet(tx: Tx, patientId: string, authKey: Uint8Array): Promise<string> {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(authKey).toString('base64url') };
    await tx.manager.insert(ClientRow, {
      clientId: patientId,
      kind: 'wallet',
      jwk,
      scopes: ['wallet'],
      departments: [],
      patientId,
    });
    return patientId;
  }

  /** A hundred clients of a kind, by name. */
  async list({ kind, after }: z.infer<typeof ClientParameters>): Promise<ClientList> {
    const rows = await this.unitOfWork.reader.find(ClientRow, {
      where: { kind, clientId: MoreThan(after) },
      order: { clientId: 'ASC' },
      take: listed,
    });
    const clients = rows.map(async ({ clientId, scopes, departments, jwk, disabledAt }) => ({
      clientId,
      scopes,
      departments,
      keyThumbprint: await calculateJwkThumbprint(jwk),
      disabledAt: disabledAt?.toISOString() ?? null,
    }));
    return { clients: await Promise.all(clients), next: rows.length === listed ? rows.at(-1)!.clientId : null };
  }

  /**
   * Disables a backend or a wallet: it gets no token from the commit on. Identity refuses the tokens that it has at once,
   * every other service when they end.
   *
   * @throws AppError `client-unknown`; `own-client` for the caller itself, who could not undo it
   */
  async disable(clientId: string, actor: Actor): Promise<void> {
    if (clientId === actor.by) throw conflict('own-client', 'clientId: is the caller', { field: 'clientId' });
    await this.setDisabled(clientId, new Date(), events.clientDisabled, actor);
  }

  /** Lets a disabled client get tokens again. @throws AppError `client-unknown` */
  async enable(clientId: string, actor: Actor): Promise<void> {
    await this.setDisabled(clientId, null, events.clientEnabled, actor);
  }

  /** The client of this name, in the caller's transaction: it stays as it is until that ends. */
  within(tx: Tx, clientId: string): Promise<ClientRow> {
    return tx.manager.findOneOrFail(ClientRow, { where: { clientId }, lock: { mode: 'pessimistic_read' } });
  }

  /** The client of this name, or null. */
  find(clientId: string): Promise<ClientRow | null> {
    return this.unitOfWork.reader.findOneBy(ClientRow, { clientId });
  }

  /** Stores an entry of the environment if it is new, and never one whose key was replaced. */
  private async bootstrap(client: RegisterClient): Promise<void> {
    await checkClient(client);
    const hash = createHash('sha256').update(canonicalJson(client)).digest('hex');
    const keyThumbprint = await calculateJwkThumbprint(client.jwk);
    const decision = await this.changes.commit(async (tx): Promise<Outcome<string>> => {
      const row = await tx.manager.findOneBy(ClientRow, { clientId: client.clientId });
      const former = (await tx.manager.query('SELECT thumbprint FROM former_client_key WHERE client_id = $1', [
        client.clientId,
      ])) as { thumbprint: string }[];
      const known = row && {
        appliedHash: row.bootstrapHash,
        keyThumbprint: await calculateJwkThumbprint(row.jwk),
        formerKeys: former.map(({ thumbprint }) => thumbprint),
      };
      const found = bootstrapOf({ hash, keyThumbprint }, known);
      if (found !== 'apply') return unchanged(found);
      const { events: of } = await this.store(tx, client, { by: 'service:identity' });
      await tx.manager.update(ClientRow, { clientId: client.clientId }, { bootstrapHash: hash });
      const [first, ...more] = of;
      return first ? told([first, ...more], found) : untold('the client is as the entry says already', found);
    });
    if (decision === 'refuse') this.options.onRefused(client.clientId);
  }

  /** Stores a client in the caller's transaction, and keeps in mind a key that it replaces. */
  private async store(tx: Tx, client: RegisterClient, actor: Actor): Promise<Outcome<void>> {
    const { clientId, scopes, departments } = client;
    const earlier = await tx.manager.findOne(ClientRow, { where: { clientId }, lock: { mode: 'pessimistic_write' } });
    if (earlier?.kind === 'wallet') throw invalid('wallet-name', 'clientId', 'clientId: is the name of a wallet');
    await checkDepartments(tx, departments);
    if (earlier && canonicalJson(plain(earlier)) === canonicalJson(plain(client))) return unchanged();
    await tx.manager.save(ClientRow, { ...client, kind: 'backend' as const, patientId: null });
    const [was, is] = [
      earlier && (await calculateJwkThumbprint(earlier.jwk)),
      await calculateJwkThumbprint(client.jwk),
    ];
    if (was && was !== is)
      await tx.manager.query('INSERT INTO former_client_key VALUES ($1, $2) ON CONFLICT DO NOTHING', [clientId, was]);
    return told({
      type: events.clientRegistered,
      correlation: randomUUID(),
      details: { ...actor, clientId, scopes, departments, keyThumbprint: is },
    });
  }

  private async setDisabled(clientId: string, disabledAt: Date | null, type: string, actor: Actor): Promise<void> {
    await this.changes.commit(async (tx) => {
      const row = await tx.manager.findOne(ClientRow, { where: { clientId }, lock: { mode: 'pessimistic_write' } });
      if (!row) throw missing('client-unknown', 'clientId: there is no such client', { field: 'clientId' });
      if ((row.disabledAt === null) === (disabledAt === null)) return unchanged();
      await tx.manager.update(ClientRow, { clientId }, { disabledAt });
      const person = row.patientId === null ? {} : { person: row.patientId };
      const details = row.patientId === null ? { ...actor, clientId } : { ...actor };
      return told({ type, correlation: randomUUID(), details, ...person });
    });
  }
}

async function checkClient(client: RegisterClient): Promise<void> {
  const unknown = client.scopes.findIndex(
    (scope) => scope === 'wallet' || !knownScopes.some((known) => known === scope),
  );
  if (unknown >= 0) throw invalid('unknown-scope', `scopes.${unknown}`, `scopes.${unknown}: no backend has this scope`);
  await checkJwk(client.jwk);
}

function plain({ clientId, jwk, scopes, departments }: RegisterClient | ClientRow): object {
  return { clientId, jwk, scopes, departments };
}

/** By SQL: the folder of departments stands above this one. */
async function checkDepartments(tx: Tx, departments: ClientDepartments): Promise<void> {
  if (departments === 'whole-hospital') return;
  const known = (await tx.manager.query('SELECT department_id FROM department WHERE department_id = ANY($1::uuid[])', [
    departments,
  ])) as { department_id: string }[];
  const unknown = departments.findIndex((id) => !known.some((row) => row.department_id === id.toLowerCase()));
  if (unknown >= 0)
    throw invalid('department-unknown', `departments.${unknown}`, `departments.${unknown}: is no department here`);
}

async function checkJwk(jwk: RegisterClient['jwk']): Promise<void> {
  try {
    await importJWK(jwk, 'ES384');
  } catch (cause) {
    throw invalid('bad-jwk', 'jwk', 'jwk: is not a P-384 public key', { cause: toAppError(cause) });
  }
}
