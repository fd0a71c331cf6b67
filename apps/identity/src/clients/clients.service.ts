import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { invalid, toAppError } from '@cpds/errors';
import {
  type Actor,
  canonicalJson,
  events,
  type ClientDepartments,
  type RegisterClient,
  type RegisteredClient,
} from '@cpds/messages';
import { Changes, told, unchanged } from '@cpds/outbox';
import { scopes as knownScopes } from '@cpds/service';
import { type Tx, UnitOfWork } from '@cpds/store';
import { importJWK } from 'jose';
import type { z } from 'zod';
import { ClientRow } from './client.row.js';

export abstract class ClientsOptions {
  /** Stored at each start: the first administrator cannot come through a door that needs one. */
  abstract readonly fromConfig: readonly RegisterClient[];
}

/** Backends and wallets, and the public keys they prove themselves with. */
@Injectable()
export class ClientsService implements OnApplicationBootstrap {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly options: ClientsOptions,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    for (const client of this.options.fromConfig) await this.register(client, { by: 'service:identity' });
  }

  /**
   * Registers a backend, or replaces key and scopes of the one with this name. Repeating it changes and logs nothing.
   *
   * @throws AppError `unknown-scope`, `bad-jwk`, `wallet-name`, `department-unknown`
   */
  async register(client: RegisterClient, actor: Actor): Promise<z.infer<typeof RegisteredClient>> {
    const unknown = client.scopes.findIndex(
      (scope) => scope === 'wallet' || !knownScopes.some((known) => known === scope),
    );
    if (unknown >= 0)
      throw invalid('unknown-scope', `scopes.${unknown}`, `scopes.${unknown}: no backend has this scope`);
    await checkJwk(client.jwk);
    await this.changes.commit(async (tx) => {
      const earlier = await tx.manager.findOneBy(ClientRow, { clientId: client.clientId });
      if (earlier?.kind === 'wallet') throw invalid('wallet-name', 'clientId', 'clientId: is the name of a wallet');
      await checkDepartments(tx, client.departments);
      const row = { ...client, kind: 'backend' as const, patientId: null };
      if (earlier && canonicalJson(plain(earlier)) === canonicalJson(plain(row))) return unchanged();
      await tx.manager.save(ClientRow, row);
      const { clientId, scopes, departments } = client;
      const details = { ...actor, clientId, scopes, departments };
      return told({ type: events.clientRegistered, correlation: randomUUID(), details });
    });
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

  /** The client of this name, or null. */
  find(clientId: string): Promise<ClientRow | null> {
    return this.unitOfWork.reader.findOneBy(ClientRow, { clientId });
  }
}

function plain({ clientId, jwk, scopes, departments }: Omit<ClientRow, 'kind' | 'patientId'>): object {
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
